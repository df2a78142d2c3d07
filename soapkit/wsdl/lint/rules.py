"""The requirements of the WS-I Basic Profile on descriptions that a program can test, one table.

Numbers are those of Basic Profile 1.1 (2006-04-10). 1.2 and 2.0 (both 2010-11-09) grew out of it; 2.0 means by its
soap: elements those of the SOAP 1.2 binding. Of their numbers, R2001, R2204, R2210 and R2710 were compared with what is
quoted of the text of 1.2; the others of 1.2, and all of 2.0, are taken to be those of 1.1 and were not compared with
the text. The words are ours. Not in the table: what binds messages and programs
(R2113, R2301, R2712, R2729 ...), what only allows (R2009, R2202, R2709 ...), and whether documents are valid by the
schemas of WSDL (R2028, R2029).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from soapkit.wsdl.lint import bindings, documents, types
from soapkit.wsdl.lint.description import Check
from soapkit.wsdl.model import SoapVersion

Level: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Profile:
    """A version of the Basic Profile. `soap`: the version of SOAP that its bindings speak; None: either."""

    name: str
    title: str
    soap: SoapVersion | None


PROFILES: Final = {
    "bp11": Profile("bp11", "WS-I Basic Profile 1.1", "1.1"),
    "bp12": Profile("bp12", "WS-I Basic Profile 1.2", "1.1"),
    "bp20": Profile("bp20", "WS-I Basic Profile 2.0", "1.2"),
}
ANY_PROFILE: Final = Profile("any", "WS-I Basic Profile 1.1 and 1.2 (SOAP 1.1), 2.0 (SOAP 1.2)", None)


@dataclass(frozen=True, slots=True)
class Rule:
    """A requirement. `level`: error for MUST, warning for SHOULD. `demand`: what it wants; `why`: what breaks else."""

    number: str
    level: Level
    demand: str
    why: str
    check: Check


def rules_for(profile: Profile) -> tuple[Rule, ...]:
    """The table for one profile."""
    return (*DOCUMENT_RULES, *TYPE_RULES, *binding_rules(profile.soap))


DOCUMENT_RULES: Final = (
    Rule(
        "R2001",
        "error",
        "wsdl:import imports WSDL documents only",
        "readers expect definitions behind it, and fail or drop what else they find",
        documents.imports_only_wsdl,
    ),
    Rule(
        "R2002",
        "error",
        "schemas are imported with xs:import",
        "many readers never look for schemas behind a wsdl:import, so that types are missing",
        documents.imports_schemas_as_schemas,
    ),
    Rule(
        "R2003",
        "error",
        "xs:import stands in an xs:schema inside wsdl:types",
        "elsewhere it means nothing, and readers pass over it",
        documents.imports_schemas_in_schemas,
    ),
    Rule(
        "R2004",
        "error",
        "xs:import leads to documents whose root is xs:schema",
        "a schema processor cannot take schemas out of another document, such as a WSDL",
        documents.imports_only_schemas,
    ),
    Rule(
        "R2005",
        "error",
        "the namespace of a wsdl:import is the target namespace of what it imports",
        "references into the imported namespace find nothing",
        documents.imports_of_the_right_namespace,
    ),
    Rule(
        "R2007",
        "error",
        "wsdl:import has a location",
        "WSDL has no other way to say where the document is",
        documents.imports_have_a_location,
    ),
    Rule(
        "R2803",
        "error",
        "the namespace of a wsdl:import is an absolute URI",
        "a relative one means something else in each document",
        documents.imports_of_absolute_namespaces,
    ),
    Rule(
        "R2022",
        "error",
        "wsdl:import stands before all but documentation",
        "the schema of WSDL wants this order, and some readers read only once",
        documents.imports_stand_first,
    ),
    Rule(
        "R2023",
        "error",
        "wsdl:types stands before all but documentation and imports",
        "the schema of WSDL wants this order, and some readers read only once",
        documents.types_stand_second,
    ),
    Rule(
        "R4003",
        "error",
        "a WSDL document is in UTF-8 or UTF-16",
        "no XML processor need know any other encoding",
        documents.descriptions_in_utf,
    ),
    Rule(
        "R2010",
        "error",
        "an imported schema is in UTF-8 or UTF-16",
        "no XML processor need know any other encoding",
        documents.schemas_in_utf,
    ),
    Rule(
        "R4004",
        "error",
        "a WSDL document is in XML 1.0",
        "few processors read XML 1.1",
        documents.descriptions_in_xml_10,
    ),
    Rule(
        "R2011",
        "error",
        "an imported schema is in XML 1.0",
        "few processors read XML 1.1",
        documents.schemas_in_xml_10,
    ),
    Rule(
        "R2026",
        "warning",
        "no extension is required (wsdl:required)",
        "a client that does not know the extension must refuse the contract",
        documents.no_required_extensions,
    ),
)

TYPE_RULES: Final = (
    Rule(
        "R2101",
        "error",
        "messages, port types and bindings are in namespaces that the document defines or imports",
        "imports are not transitive: another reader does not find what is referred to",
        types.references_to_what_is_imported,
    ),
    Rule(
        "R2102",
        "error",
        "schema components are in namespaces that the schema defines or imports",
        "schema processors refuse such a schema; imports are not transitive",
        types.schema_references_to_what_is_imported,
    ),
    Rule(
        "R2105",
        "error",
        "a schema in wsdl:types has a target namespace, unless it only imports",
        "its elements would be in no namespace, where names of several services meet",
        types.schemas_have_a_target,
    ),
    Rule(
        "R2110",
        "error",
        "no type extends or restricts soapenc:Array",
        "such arrays are written in several ways that do not fit each other; a repeated element is one way",
        types.no_encoded_arrays,
    ),
    Rule(
        "R2111",
        "error",
        "no declaration uses wsdl:arrayType",
        "it belongs to SOAP encoding; a literal message has no room for it",
        types.no_array_types,
    ),
    Rule(
        "R2112",
        "warning",
        "no element is named ArrayOf...",
        "the name suggests the arrays of SOAP encoding, and some tools treat it as such",
        types.no_array_names,
    ),
    Rule(
        "R2801",
        "error",
        "schemas are of XML Schema 1.0 (2001)",
        "types of the drafts of 1999 and 2000 are unknown to schema processors",
        types.schemas_of_the_recommendation,
    ),
    Rule(
        "R2206",
        "error",
        "the element of a part is a global element declaration",
        "nothing else says what stands in the message",
        types.parts_of_global_elements,
    ),
    Rule(
        "R2306",
        "error",
        "a part has an element or a type, not both",
        "readers choose differently between the two",
        types.parts_of_one_kind,
    ),
    Rule(
        "R2303",
        "error",
        "operations are one-way or request-response",
        "no SOAP binding says how the others are sent",
        types.operations_start_at_the_client,
    ),
    Rule(
        "R2304",
        "error",
        "the operations of a port type have different names",
        "many languages and tools have no overloading, and drop all but one",
        types.operations_have_names_of_their_own,
    ),
    Rule(
        "R2305",
        "error",
        "parameterOrder omits at most one part of the output",
        "the omitted part is the return value, of which there is one",
        types.parameter_orders_omit_one_part,
    ),
)


def binding_rules(soap: SoapVersion | None) -> tuple[Rule, ...]:
    """The rules on bindings, of which one differs with the version of SOAP."""
    return (
        Rule(
            "R2401",
            "error",
            "a binding is a SOAP binding",
            "the Profile says nothing of other protocols, and clients of SOAP cannot call them",
            bindings.soap_bindings(soap),
        ),
        *BINDING_RULES,
    )


BINDING_RULES: Final = (
    Rule(
        "R2701",
        "error",
        "soap:binding names its transport",
        "there is no default for it",
        bindings.transports_are_named,
    ),
    Rule(
        "R2702",
        "error",
        "the transport is SOAP over HTTP",
        "every stack knows this URI, compared letter by letter, and few know another",
        bindings.transports_are_http,
    ),
    Rule(
        "R2705",
        "error",
        "the operations of a binding are all document or all rpc",
        "many tools know one style for a whole binding",
        bindings.bindings_of_one_style,
    ),
    Rule(
        "R2706",
        "error",
        "the use of bodies and header blocks is literal",
        "SOAP encoding is read differently by every stack, and by most no longer at all",
        bindings.literal,
    ),
    Rule(
        "R2723",
        "error",
        "the use of soap:fault is literal",
        "SOAP encoding is read differently by every stack, and by most no longer at all",
        bindings.literal_faults,
    ),
    Rule(
        "R2710",
        "error",
        "the requests of a binding differ in the element in the Body",
        "a server finds the operation by that element: SOAPAction is only a hint",
        bindings.operations_of_different_signatures,
    ),
    Rule(
        "R2711",
        "warning",
        "ports have different addresses",
        "a server at one address cannot tell for which port a message is meant",
        bindings.ports_of_different_addresses,
    ),
    Rule(
        "R2718",
        "error",
        "a binding has the operations of its port type",
        "the others cannot be called, though the port type offers them",
        bindings.bindings_of_the_same_operations,
    ),
    Rule(
        "R2201",
        "error",
        "soap:body of a document binding names at most one part",
        "a document Body holds one element",
        bindings.document_bodies_of_one_part,
    ),
    Rule(
        "R2210",
        "error",
        "a message of a document binding has one part, or soap:body says which",
        "a document Body holds one element",
        bindings.document_messages_of_one_part,
    ),
    Rule(
        "R2204",
        "error",
        "the parts in a document Body have an element",
        "a type alone does not say what the element in the Body is called",
        bindings.document_parts_have_elements,
    ),
    Rule(
        "R2203",
        "error",
        "the parts in an rpc Body have a type",
        "the part gives the accessor its name; an element would bring a second one",
        bindings.rpc_parts_have_types,
    ),
    Rule(
        "R2205",
        "error",
        "the parts of header blocks and faults have an element",
        "a type alone does not say what the block or the detail is called",
        bindings.headers_and_faults_have_elements,
    ),
    Rule(
        "R2209",
        "warning",
        "every part of a message is bound",
        "a part that stands nowhere is never sent, and readers differ in what they make of it",
        bindings.parts_are_bound,
    ),
    Rule(
        "R2716",
        "error",
        "no soap: element of a document binding has a namespace",
        "the schema says the namespace; two answers are one too many",
        bindings.document_without_namespaces,
    ),
    Rule(
        "R2717",
        "error",
        "soap:body of an rpc binding has an absolute namespace",
        "it is that of the wrapper element, for which there is no default",
        bindings.rpc_bodies_with_namespaces,
    ),
    Rule(
        "R2726",
        "error",
        "header blocks and faults of an rpc binding have no namespace attribute",
        "their elements are declared by a schema, which says the namespace",
        bindings.rpc_headers_without_namespaces,
    ),
    Rule(
        "R2720",
        "error",
        "soap:header and soap:headerfault name one part",
        "a header block is one element",
        bindings.headers_name_their_part,
    ),
    Rule(
        "R2749",
        "error",
        "soap:header and soap:headerfault have no parts attribute",
        "WSDL 1.1 spells it in two ways; part is the one that is read",
        bindings.headers_name_no_parts,
    ),
    Rule(
        "R2721",
        "error",
        "soap:fault has a name",
        "the name ties it to the fault of the port type",
        bindings.faults_have_names,
    ),
    Rule(
        "R2754",
        "error",
        "soap:fault is named like the wsdl:fault around it",
        "two names for one fault are two answers to one question",
        bindings.faults_are_named_alike,
    ),
    Rule(
        "R2740",
        "warning",
        "each fault of an operation has a soap:fault",
        "tools that generate from the binding leave out the fault's class",
        bindings.faults_are_bound,
    ),
)
