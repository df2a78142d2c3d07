// A client and a service by Mono's WCF, for tests/interop/test_mono_wcf.py:
//
//     wcf.exe call BINDING ADDRESS [OWN.p12 PEER.cer]    prints twice 21, and the fault of half of 13
//     wcf.exe serve BINDING ADDRESS                      prints ok, and serves until its standard input ends

using System;
using System.Security.Cryptography.X509Certificates;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.ServiceModel.Description;
using System.ServiceModel.Security;
using System.Text;

[ServiceContract(Namespace = "urn:double", Name = "Doubler")]
public interface IDoubler {
    [OperationContract(Name = "double", Action = "urn:double:Doubler:doubleRequest", ReplyAction = "urn:double:Doubler:doubleResponse")]
    [return: MessageParameter(Name = "result")]
    int Double(int number);

    [OperationContract(Name = "half", Action = "urn:double:Doubler:halfRequest", ReplyAction = "urn:double:Doubler:halfResponse")]
    [return: MessageParameter(Name = "result")]
    int Half(int number);
}

public class Doubler : IDoubler {
    public int Double(int number) { return 2 * number; }

    public int Half(int number) {
        if (number == 13) throw new FaultException("13 has no half");
        return number / 2;
    }
}

public static class Wcf {
    static Binding Of(string name) {
        switch (name) {
            case "basic": return new BasicHttpBinding();
            case "soap12": return new CustomBinding(
                new TextMessageEncodingBindingElement(MessageVersion.Soap12, Encoding.UTF8), new HttpTransportBindingElement());
            case "ws": return new WSHttpBinding(SecurityMode.None);
            case "ws-certificate":
                var binding = new WSHttpBinding(SecurityMode.Message);
                binding.Security.Message.ClientCredentialType = MessageCredentialType.Certificate;
                binding.Security.Message.EstablishSecurityContext = false;
                binding.Security.Message.NegotiateServiceCredential = false;
                return binding;
        }
        throw new ArgumentException(name);
    }

    static void Serve(Binding binding, string address) {
        var host = new ServiceHost(typeof(Doubler), new Uri(address));
        host.AddServiceEndpoint(typeof(IDoubler), binding, "");
        host.Description.Behaviors.Add(new ServiceMetadataBehavior { HttpGetEnabled = true });
        host.Description.Behaviors.Find<ServiceDebugBehavior>().IncludeExceptionDetailInFaults = true; // else no reason
        host.Open();
        Console.WriteLine("ok");
        Console.ReadLine();
        host.Close();
    }

    static void Call(Binding binding, string address, string own, string peer) {
        var to = new EndpointAddress(new Uri(address), EndpointIdentity.CreateDnsIdentity("bob"));
        var factory = new ChannelFactory<IDoubler>(binding, to);
        if (own != null) {
            factory.Credentials.ClientCertificate.Certificate = new X509Certificate2(own, "changeit");
            factory.Credentials.ServiceCertificate.DefaultCertificate = new X509Certificate2(peer);
            factory.Credentials.ServiceCertificate.Authentication.CertificateValidationMode = X509CertificateValidationMode.None;
        }
        var port = factory.CreateChannel();
        Console.WriteLine(port.Double(21));
        try {
            Console.WriteLine(port.Half(13));
        } catch (FaultException fault) {
            Console.WriteLine(fault.Message);
        }
    }

    public static int Main(string[] words) {
        try {
            if (words[0] == "serve") Serve(Of(words[1]), words[2]);
            else Call(Of(words[1]), words[2], words.Length > 3 ? words[3] : null, words.Length > 3 ? words[4] : null);
            return 0;
        } catch (Exception error) {
            Console.WriteLine(error.GetType().Name + ": " + error.Message);
            return 1;
        }
    }
}
