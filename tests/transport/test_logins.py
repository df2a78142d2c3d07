"""Logins and redirects: the requests that one request becomes."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soapkit.transport.auth import Basic, Bearer, Digest, _digest, _read_challenge, with_login
from soapkit.transport.hops import hops, origin_of, without_userinfo
from soapkit.transport.values import Headers, Request, Response

URL = "http://bank.example/soap"


def walk(
    request: Request, *responses: Response, auth: Any = None, redirects: int = 0
) -> tuple[list[Request], Response]:
    """The requests that were made, each answered by the next of `responses`; the last response."""
    made: list[Request] = []
    flow = hops(request, auth, redirects)
    hop = next(flow)
    for response in responses:
        made.append(hop)
        try:
            hop = flow.send(response)
        except StopIteration:
            return made, response
    raise AssertionError(f"{hop} has no answer")


def test_without_login_or_redirect_there_is_one_request() -> None:
    made, last = walk(Request(URL), Response(401))
    assert (made, last.status) == ([Request(URL)], 401)


def test_basic_sends_name_and_password() -> None:
    made, _ = walk(Request(URL), Response(200), auth=Basic("Aladdin", "open sesame"))  # RFC 7617, 2
    assert made[0].headers["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_bearer_asks_a_function_for_each_request() -> None:
    tokens = iter(["one", "two"])
    auth = Bearer(lambda: next(tokens))
    assert [walk(Request(URL), Response(200), auth=auth)[0][0].headers["Authorization"] for _ in range(2)] == [
        "Bearer one",
        "Bearer two",
    ]


def test_no_login_shows_its_secret() -> None:
    for auth in (Basic("alice", "s3cret"), Bearer("s3cret"), Digest("alice", "s3cret")):
        assert "s3cret" not in repr(auth)
    assert "s3cret" not in repr(with_login(Request(URL), "Bearer s3cret"))


def test_a_login_of_the_callers_own_stays() -> None:
    own = Request(URL, headers=Headers({"authorization": "mine"}))
    assert walk(own, Response(200), auth=Basic("a", "b"))[0] == [own]


def test_a_login_in_the_address_is_taken_out_of_it() -> None:
    made, _ = walk(Request("http://Aladdin:open%20sesame@bank.example/soap"), Response(200))
    assert made[0].url == URL
    assert made[0].headers["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


# --- digest -------------------------------------------------------------------------------------------------------

CHALLENGE = (  # RFC 7616, 3.9.1
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "proof"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_gives_the_answers_of_the_rfc(algorithm: str, proof: str) -> None:
    challenge = _read_challenge(Response(401, Headers({"WWW-Authenticate": CHALLENGE.format(algorithm)})))
    assert challenge is not None
    request = Request("http://www.example.org/dir/index.html", method="GET")
    answer = _digest(
        challenge, "Mufasa", "Circle of Life", request, "00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    )
    assert f'response="{proof}"' in answer
    assert 'uri="/dir/index.html"' in answer
    assert "qop=auth, nc=00000001" in answer


def test_digest_gives_the_answer_of_the_old_rfc() -> None:
    header = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c"'
    challenge = _read_challenge(Response(401, Headers({"WWW-Authenticate": header})))
    assert challenge is not None
    answer = _digest(challenge, "Mufasa", "Circle Of Life", Request("http://h/dir/index.html", method="GET"), "1", "x")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in answer  # RFC 2069 as corrected
    assert "qop" not in answer


def challenge(nonce: str, **more: str) -> Response:
    rest = "".join(f", {name}={value}" for name, value in more.items())
    return Response(401, Headers({"WWW-Authenticate": f'Digest realm="r", nonce="{nonce}", qop="auth"{rest}'}))


def field(request: Request, name: str) -> str:
    found = re.search(rf'{name}="?([^",]*)', request.headers["Authorization"])
    assert found
    return found.group(1)


def test_digest_answers_a_challenge_and_the_next_request_at_once() -> None:
    auth = Digest("alice", "secret")
    made, last = walk(Request(URL), challenge("n1"), Response(200), auth=auth)
    assert "Authorization" not in made[0].headers
    assert (field(made[1], "nonce"), field(made[1], "nc"), last.status) == ("n1", "00000001", 200)
    made, _ = walk(Request(URL), Response(200), auth=auth)
    assert (field(made[0], "nonce"), field(made[0], "nc")) == ("n1", "00000002")


def test_digest_takes_a_new_nonce_when_the_old_one_is_stale() -> None:
    auth = Digest("alice", "secret")
    walk(Request(URL), challenge("n1"), Response(200), auth=auth)
    made, last = walk(Request(URL), challenge("n2", stale="true"), Response(200), auth=auth)
    assert (field(made[1], "nonce"), field(made[1], "nc"), last.status) == ("n2", "00000001", 200)


def test_digest_gives_up_when_the_password_is_wrong() -> None:
    made, last = walk(Request(URL), challenge("n1"), challenge("n2"), auth=Digest("alice", "wrong"))
    assert (len(made), last.status) == (2, 401)


@pytest.mark.parametrize(
    "header", ["", "Basic realm=x", 'Digest realm="x"', 'Digest nonce="x", algorithm=SHA-3', "Negotiate"]
)
def test_digest_leaves_a_challenge_it_cannot_answer(header: str) -> None:
    made, last = walk(Request(URL), Response(401, Headers({"WWW-Authenticate": header})), auth=Digest("a", "b"))
    assert (len(made), last.status) == (1, 401)


def test_digest_prefers_the_stronger_of_two_challenges() -> None:
    weak, strong = 'Digest nonce="weak", algorithm=MD5', 'Digest nonce="strong", algorithm=SHA-256'
    header = f'Basic realm="b", {weak}, {strong}'
    found = _read_challenge(Response(401, Headers({"WWW-Authenticate": header})))
    assert found is not None
    assert (found.nonce, found.algorithm) == ("strong", "SHA-256")


@given(st.text(st.sampled_from('Digest ,="\\nonce realm\t'), max_size=80))
def test_any_challenge_is_read_or_left(text: str) -> None:
    _read_challenge(Response(401, Headers({"WWW-Authenticate": text})))


# --- redirects ----------------------------------------------------------------------------------------------------


def moved(location: str, status: int = 307) -> Response:
    return Response(status, Headers({"Location": location}))


def test_a_redirect_is_not_followed_unless_asked() -> None:
    assert walk(Request(URL), moved("/new"))[1].status == 307


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_followed_with_the_same_request(status: int) -> None:
    request = Request(URL, b"body", Headers({"A": "b"}), timeout=3)
    made, last = walk(request, moved("/new?x=1", status), Response(200), redirects=1)
    assert made[1] == Request("http://bank.example/new?x=1", b"body", Headers({"A": "b"}), timeout=3)
    assert last.status == 200


def test_redirects_come_to_an_end() -> None:
    made, last = walk(Request(URL), moved("/a"), moved("/b"), moved("/c"), redirects=2)
    assert (len(made), last.status) == (3, 307)


def test_a_redirect_to_another_origin_loses_the_login() -> None:
    request = Request(URL, headers=Headers({"Cookie": "c", "X": "y"}))
    made, _ = walk(request, moved("http://evil.example/"), Response(200), auth=Basic("a", "b"), redirects=1)
    assert "Authorization" in made[0].headers
    assert made[1].headers == Headers({"X": "y"})


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://bank.example/", "http://bank.example/"),
        (URL, "ftp://bank.example/"),
        (URL, "file:///etc/passwd"),
        (URL, ""),
    ],
)
def test_a_redirect_to_a_worse_place_is_not_followed(url: str, location: str) -> None:
    assert walk(Request(url), moved(location), redirects=5)[1].status == 307


def test_a_see_other_asks_for_a_get_and_is_not_followed() -> None:
    assert walk(Request(URL), moved("/new", 303), redirects=5)[1].status == 303


def test_origins_are_scheme_host_and_port() -> None:
    assert origin_of("http://X:80/a") == origin_of("http://x/b")
    assert origin_of("https://x/") != origin_of("http://x/")
    assert origin_of("https://x/") == ("https", "x", 443)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://a:b@x/y@z", "http://x/y@z"),
        ("http://x/y?mail=a@b", "http://x/y?mail=a@b"),
        ("http://a@x", "http://x"),
        ("x", "x"),
    ],
)
def test_an_address_is_shown_without_its_login(url: str, shown: str) -> None:
    assert without_userinfo(url) == shown


# --- over a socket ------------------------------------------------------------------------------------------------


def test_a_login_and_a_redirect_over_a_socket(peer: Any, send: Any, reply: Any) -> None:
    peer.answers = [reply("307 Moved", b"", "Location: /new"), reply("200 OK", b"here")]
    response = send(Request(peer.url, b"x"), auth=Basic("a", "b"), redirects=1)
    assert response.body == b"here"
    assert [heard.path for heard in peer.heard] == ["/", "/new"]
    assert [heard.headers["authorization"] for heard in peer.heard] == ["Basic YTpi"] * 2


def test_a_digest_login_over_a_socket(peer: Any, send: Any, reply: Any) -> None:
    peer.answers = [reply("401 No", b"", 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'), reply()]
    assert send(Request(peer.url + "/soap", b"x"), Request(peer.url, b"y"), auth=Digest("a", "b")).status == 200
    assert ["nc=" in heard.headers.get("authorization", "") for heard in peer.heard] == [False, True, True]
