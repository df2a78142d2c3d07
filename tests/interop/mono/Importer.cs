// What .NET's wsdl.exe does, for tests/interop/test_published_contract.py: the client of a contract, in C#.
//
//     importer.exe CONTRACT PROTOCOL OUTPUT    PROTOCOL: Soap or Soap12; prints what it warns of, 0 if of nothing

using System;
using System.CodeDom;
using System.CodeDom.Compiler;
using System.IO;
using System.Web.Services.Description;
using Microsoft.CSharp;

public static class Importer {
    public static void Main(string[] arguments) {
        CodeNamespace made = new CodeNamespace("Made");
        CodeCompileUnit unit = new CodeCompileUnit();
        unit.Namespaces.Add(made);
        ServiceDescriptionImporter importer = new ServiceDescriptionImporter { ProtocolName = arguments[1] };
        importer.AddServiceDescription(ServiceDescription.Read(arguments[0]), null, null);
        Console.WriteLine(importer.Import(made, unit));
        using (StreamWriter output = new StreamWriter(arguments[2])) {
            new CSharpCodeProvider().GenerateCodeFromCompileUnit(unit, output, new CodeGeneratorOptions());
        }
    }
}
