"""The 140 assertions that the W3C draws from SOAP 1.2, and why some are not tested.

SOAP Version 1.2 Specification Assertions and Test Collection (Second Edition), 2007. Names, numbers and clauses are the
collection's; held against its text, one by one. The tests: `test_assertions` (requests to a service),
`test_assertions_encoding` (SOAP encoding, through a service), `test_assertions_client` (what a client sends and reads).
"""

from __future__ import annotations

from typing import Any

# The assertions in the collection's order: part, clause, and the names, which begin with x1- or x2-.
_IN_ORDER = """
1 1.2 conformance-part1 conformance-part2 | 1 1.3 reltoxml-noschema reltoxml-lexicalform | 1 2.1 soapnodes-procmodel
1 2.2 soaproles-invariant soaproles-next soaproles-none soaproles-ur | 1 2.4 muprocessing-true muprocessing-ur
1 2.5 structinterpbodies-ur
1 2.6 procsoapmsgs-steps procsoapmsgs-headerspec procsoapmsgs-body procsoapmsgs-fault procsoapmsgs-faultchoice
1 2.7.1 relayable-behavior | 1 2.7.2 forwardinter-behavior forwardinter-featuresem
1 2.7.4 soapinterminfoset-preserve | 1 2.8 envvermodel-permsg envvermodel-msgversion envvermodel-fault
1 3.1 soapfeature-override | 1 3.1.1 featurereq-spec | 1 3.2 soapmep-spec soapmep-featurereq soapmep-include
1 3.3 soapmodules-specrules
1 4.2 bindfw-enablemep bindfw-featurecomb bindfw-featuredepend bindfw-xml10 bindfw-streaming
1 5 soapenv-diichild soapenv-docprop soapenv-dtd soapenv-pi | 1 5.1 soapenvelope-prop
1 5.1.1 soapencattr-prop soapencattr-restrictions soapencattr-scope soapencattr-none
1 5.2 soaphead-prop | 1 5.2.1 soapheadblock-prop
1 5.2.2 soaprole-prop soaprole-omit soaprole-acceptur soaprole-ignore
1 5.2.3 soapmu-prop soapmu-omit soapmu-acceptfalse soapmu-allrep soapmu-ignore
1 5.2.4 soaprelay-prop soaprelay-omit soaprelay-acceptfalse soaprelay-allrep soaprelay-ignore
1 5.3 soapbody-prop | 1 5.4 soapfault-prop soapfault-single soapfault-only
1 5.4.1 faultcodeelement-prop | 1 5.4.1.1 faultvalueelement-prop | 1 5.4.1.2 faultsubcodeelement-prop
1 5.4.1.3 faultsubvalueelem-prop | 1 5.4.2 faultstringelement-prop | 1 5.4.2.1 reasontextelement-prop
1 5.4.3 faultactorelement-prop faultactorelement-intermediaries | 1 5.4.4 faultroleelement-prop
1 5.4.5 faultdetailelement-prop | 1 5.4.6 faultcodes-mu | 1 5.4.7.1 soapupgrade-prop
1 5.4.7.2 soapsupportedenv-prop | 1 5.4.7.3 soapqnamesu-prop | 1 5.4.8.1 soapnotunderstood-prop
1 5.4.8.2 soapqnamenu-prop | 1 6 useofuris-baseuri useofuris-ipv6 useofuris-length | 1 A version-soap11
2 2.3 values-struct values-array | 2 3.1 encrules-rep
2 3.1.1 encodingedgesandnodes-edge encodingedgesandnodes-edgeterm | 2 3.1.2 simpleenc-lexvalue
2 3.1.3 complexenc-obedge complexenc-distlab complexenc-distpos complexenc-array complexenc-nil
2 3.1.4 enctypename-tnprop | 2 3.1.4.1 itemtypeattr-prop | 2 3.1.5.1 idattr-prop | 2 3.1.5.2 refattr-prop
2 3.1.5.3 uniqueidconstraints-onlyone uniqueidconstraints-exclusive | 2 3.1.6 arraySizeattr-prop
2 3.1.7 nodeTypeattr-prop | 2 4 soapforrpc-sdm | 2 4.2.1 rpcinvocation-model | 2 4.2.2 rpcresponse-model
2 4.2.3 rpcencrestriction-onechild | 2 4.3 rpcsoaphead-hb | 2 4.4 rpcfaults-rules | 2 5.1.1 bindprops-uri
2 6.1 meppropconv-def | 2 6.2.1 mepname-uri
2 6.2.3 bindformdesc-propdef bindformdesc-reqctx bindformdesc-resctx bindformdesc-reqsttr bindformdesc-ressttr
2 6.2.3 bindformdesc-stream bindformdesc-dlock
2 6.3.1 mepname2-uri
2 6.3.3 bindformdesc2-propdef bindformdesc2-reqctx bindformdesc2-resctx bindformdesc2-reqsttr bindformdesc2-ressttr
2 6.4.1 WebMethodFeatureName-uri | 2 6.4.3 webmethodstatemachine-urivalue webmethodstatemachine-compat
2 7.1.4 httpmediatype-mediatype | 2 7.2 http-bindname-uri | 2 7.3 http-suptransmep-uris
2 7.4 http-suptfeatures-webmethod http-suptfeatures-methrest | 2 7.5.1 http-reqsoapnode-dlock
2 7.5.1.1 http-reqbindreqstate-reqfld | 2 7.5.1.2 http-reqbindwaitstate-trans
2 7.5.2.1 http-respbindreceive-initerror | 2 7.5.2.2 http-respbindprocess-reshdr http-respbindprocess-fltmap
2 B.1 namemap-rules-sql
"""


def _assertions() -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for group in _IN_ORDER.replace("\n", "|").split("|"):
        if group.strip():
            part, clause, *names = group.split()
            for name in names:
                found[f"x{part}-{name}"] = (len(found) + 1, f"part {part}, {clause}")
    return found


ASSERTIONS = _assertions()
"""Name -> number, clause."""

_ALL = "says that the other assertions are to be kept"
_SPEC = "binds who writes a specification of a feature, a module or a binding, not a node"
_STATE = "describes the binding's states in the abstract; nothing on the wire shows them"
_STREAMS = "of messages read in pieces, which tests/fuzz holds against the same messages read whole"

NOT_TESTED = {
    "x1-conformance-part1": _ALL,
    "x1-conformance-part2": _ALL,
    "x1-reltoxml-noschema": "says what is not required",
    "x1-procsoapmsgs-faultchoice": "leaves the choice among several right faults to the node",
    "x1-forwardinter-featuresem": _SPEC,
    "x1-soapinterminfoset-preserve": "soapkit hosts no intermediary: it forwards no message",
    "x1-faultactorelement-intermediaries": "soapkit hosts no intermediary; Node is written where it is given",
    "x1-soapfeature-override": _SPEC,
    "x1-featurereq-spec": _SPEC,
    "x1-soapmep-spec": _SPEC,
    "x1-soapmep-featurereq": _SPEC,
    "x1-soapmep-include": _SPEC,
    "x1-soapmodules-specrules": _SPEC,
    "x1-bindfw-enablemep": _SPEC,
    "x1-bindfw-featurecomb": _SPEC,
    "x1-bindfw-featuredepend": _SPEC,
    "x1-bindfw-xml10": "says what is not required",
    "x1-bindfw-streaming": _STREAMS,
    "x2-soapforrpc-sdm": _SPEC,
    "x2-bindprops-uri": _SPEC,
    "x2-meppropconv-def": _STATE,
    "x2-mepname-uri": _STATE,
    "x2-bindformdesc-propdef": _STATE,
    "x2-bindformdesc-reqctx": _STATE,
    "x2-bindformdesc-resctx": _STATE,
    "x2-bindformdesc-reqsttr": _STATE,
    "x2-bindformdesc-ressttr": _STATE,
    "x2-bindformdesc-stream": _STREAMS,
    "x2-mepname2-uri": _STATE,
    "x2-bindformdesc2-propdef": _STATE,
    "x2-bindformdesc2-reqctx": _STATE,
    "x2-bindformdesc2-resctx": _STATE,
    "x2-bindformdesc2-reqsttr": _STATE,
    "x2-bindformdesc2-ressttr": _STATE,
    "x2-WebMethodFeatureName-uri": _STATE,
    "x2-webmethodstatemachine-urivalue": _STATE,
    "x2-webmethodstatemachine-compat": _SPEC,
    "x2-http-bindname-uri": _STATE,
    "x2-namemap-rules-sql": "names come from contracts, or are Python's, which are XML names already",
}

NOT_MET = {
    "x2-http-suptransmep-uris": "request-response only: GET hands out the page and the contract",
    "x2-http-suptfeatures-webmethod": "POST only, for the same reason",
    "x2-http-suptfeatures-methrest": "POST only, for the same reason",
}


def shown(case: Any) -> str:
    """The name of a test: number, assertion, clause, and what the row demands."""
    number, clause = ASSERTIONS[case.assertion]
    return f"{number} {case.assertion} ({clause}): {case.demand}"
