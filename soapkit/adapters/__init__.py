"""Programs written for zeep and Spyne, carried over."""
