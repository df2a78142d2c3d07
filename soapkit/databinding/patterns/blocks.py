"""The blocks of Unicode that ``\\p{Is...}`` names (XSD part 2, appendix F.1.1)."""

from __future__ import annotations

_TEXT = """
basiclatin 0000 007f
latin-1supplement 0080 00ff
latinextended-a 0100 017f
latinextended-b 0180 024f
ipaextensions 0250 02af
spacingmodifierletters 02b0 02ff
combiningdiacriticalmarks 0300 036f
greek 0370 03ff
greekandcoptic 0370 03ff
cyrillic 0400 04ff
armenian 0530 058f
hebrew 0590 05ff
arabic 0600 06ff
syriac 0700 074f
thaana 0780 07bf
devanagari 0900 097f
bengali 0980 09ff
gurmukhi 0a00 0a7f
gujarati 0a80 0aff
oriya 0b00 0b7f
tamil 0b80 0bff
telugu 0c00 0c7f
kannada 0c80 0cff
malayalam 0d00 0d7f
sinhala 0d80 0dff
thai 0e00 0e7f
lao 0e80 0eff
tibetan 0f00 0fff
myanmar 1000 109f
georgian 10a0 10ff
hanguljamo 1100 11ff
ethiopic 1200 137f
cherokee 13a0 13ff
unifiedcanadianaboriginalsyllabics 1400 167f
ogham 1680 169f
runic 16a0 16ff
khmer 1780 17ff
mongolian 1800 18af
latinextendedadditional 1e00 1eff
greekextended 1f00 1fff
generalpunctuation 2000 206f
superscriptsandsubscripts 2070 209f
currencysymbols 20a0 20cf
combiningmarksforsymbols 20d0 20ff
combiningdiacriticalmarksforsymbols 20d0 20ff
letterlikesymbols 2100 214f
numberforms 2150 218f
arrows 2190 21ff
mathematicaloperators 2200 22ff
miscellaneoustechnical 2300 23ff
controlpictures 2400 243f
opticalcharacterrecognition 2440 245f
enclosedalphanumerics 2460 24ff
boxdrawing 2500 257f
blockelements 2580 259f
geometricshapes 25a0 25ff
miscellaneoussymbols 2600 26ff
dingbats 2700 27bf
braillepatterns 2800 28ff
cjkradicalssupplement 2e80 2eff
kangxiradicals 2f00 2fdf
ideographicdescriptioncharacters 2ff0 2fff
cjksymbolsandpunctuation 3000 303f
hiragana 3040 309f
katakana 30a0 30ff
bopomofo 3100 312f
hangulcompatibilityjamo 3130 318f
kanbun 3190 319f
bopomofoextended 31a0 31bf
enclosedcjklettersandmonths 3200 32ff
cjkcompatibility 3300 33ff
cjkunifiedideographsextensiona 3400 4db5
cjkunifiedideographs 4e00 9fff
yisyllables a000 a48f
yiradicals a490 a4cf
hangulsyllables ac00 d7a3
privateuse e000 f8ff
cjkcompatibilityideographs f900 faff
alphabeticpresentationforms fb00 fb4f
arabicpresentationforms-a fb50 fdff
combininghalfmarks fe20 fe2f
cjkcompatibilityforms fe30 fe4f
smallformvariants fe50 fe6f
arabicpresentationforms-b fe70 fefe
specials fff0 fffd
halfwidthandfullwidthforms ff00 ffef
olditalic 10300 1032f
gothic 10330 1034f
deseret 10400 1044f
byzantinemusicalsymbols 1d000 1d0ff
musicalsymbols 1d100 1d1ff
mathematicalalphanumericsymbols 1d400 1d7ff
cjkunifiedideographsextensionb 20000 2a6d6
cjkcompatibilityideographssupplement 2f800 2fa1f
tags e0000 e007f
"""

BLOCKS: dict[str, tuple[tuple[int, int], ...]] = {
    name: ((int(first, 16), int(last, 16)),)
    for name, first, last in (line.split() for line in _TEXT.strip().splitlines())
}
"""Name of a block, lower case and without blanks -> its range."""
