using System.Globalization;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Prints a gate as an expression that makes it: the library's own by its name, any other by its formula.</summary>
static class GateCode
{
    const int Longest = 400; // terms, written out

    /// <summary>Prints C#: Gate.Relu, or Gate.Define("relu6", (double x) =&gt; Math.Min(Math.Max(x, 0.0), 6.0)).</summary>
    public static string CSharp(ScalarGate gate) => Text(gate, new CSharpWords());

    /// <summary>Prints F#: Gate.Relu, or Gate.Define("relu6", (fun (x: float) -&gt; ...)).</summary>
    public static string FSharp(ScalarGate gate) => Text(gate, new FSharpWords());

    static string Text(ScalarGate gate, Language language)
    {
        foreach (var property in typeof(Gate).GetProperties())
            if (property.GetMethod?.IsStatic == true && Equals(property.GetValue(null), gate))
                return $"Gate.{property.Name}";
        Term[] terms = gate.HasOwnDerivative ? [gate.Value, .. gate.Derivatives] : [gate.Value];
        if (terms.Any(t => Size(t, []) > Longest))
            return gate.Name;
        string[] names = [.. Enumerable.Range(0, gate.Count).Select(i => gate.Count == 1 ? "x" : $"x{i}")];
        var functions = terms.Select(
            (t, i) =>
                language.Lambda(i == 0 ? names : [.. names, "y"], language.Of(t, names, i == 0 || t == gate.Value ? null : gate.Value))
        );
        return $"Gate.Define(\"{gate.Name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\", {string.Join(", ", functions)})";
    }

    static long Size(Term t, Dictionary<Term, long> known)
    {
        if (!known.TryGetValue(t, out long size))
            known[t] = size = Math.Min(int.MaxValue, 1 + t.Parts.Sum(p => Size(p, known)));
        return size;
    }

    abstract class Language
    {
        public abstract string Lambda(string[] arguments, string body);

        protected abstract string Choose(string test, string a, string b);

        protected abstract string Not { get; }

        protected abstract string Equal { get; }

        protected abstract string NotEqual { get; }

        protected abstract string Float(string x);

        protected abstract string Double(string x);

        public string Of(Term t, string[] names, Term? y)
        {
            string At(int i) => Of(t.Parts[i], names, y);
            string Between(string sign) => $"({At(0)} {sign} {At(1)})";
            if (y is { Parts.Length: > 0 } && t == y)
                return "y";
            return t.Head switch
            {
                Head.Argument => names[(int)t.Value],
                Head.Number => t.Value < 0 || double.IsNegative(t.Value) ? $"({Number(t.Value)})" : Number(t.Value),
                Head.Truth => t.Value != 0 ? "true" : "false",
                Head.Add => Between("+"),
                Head.Subtract => Between("-"),
                Head.Multiply => Between("*"),
                Head.Divide => Between("/"),
                Head.Negate => $"(-{At(0)})",
                Head.Less => Between("<"),
                Head.LessEqual => Between("<="),
                Head.Greater => Between(">"),
                Head.GreaterEqual => Between(">="),
                Head.Equal => Between(Equal),
                Head.NotEqual => Between(NotEqual),
                Head.And => Between("&&"),
                Head.Or => Between("||"),
                Head.Not => $"({Not}{At(0)})",
                Head.Choose => Choose(At(0), At(1), At(2)),
                _ => Call(t, [.. t.Parts.Select(p => Of(p, names, y))]),
            };
        }

        string Call(Term t, string[] x)
        {
            var method = t.Function!.Method;
            var home = method.DeclaringType!;
            bool isFloat = method.GetParameters()[0].ParameterType == typeof(float);
            string type = home.Namespace is "System" or "Cv.Dsl" ? home.Name : home.FullName!.Replace('+', '.');
            string call = $"{type}.{method.Name}({string.Join(", ", isFloat ? x.Select(Float) : x)})";
            return method.ReturnType == typeof(float) ? Double(call) : call;
        }

        protected abstract string Number(double d);
    }

    static string Digits(double d)
    {
        string text = d.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text;
    }

    sealed class CSharpWords : Language
    {
        public override string Lambda(string[] arguments, string body) =>
            $"({string.Join(", ", arguments.Select(a => $"double {a}"))}) => {body}";

        protected override string Choose(string test, string a, string b) => $"({test} ? {a} : {b})";

        protected override string Not => "!";

        protected override string Equal => "==";

        protected override string NotEqual => "!=";

        protected override string Float(string x) => $"(float){x}";

        protected override string Double(string x) => $"(double){x}";

        protected override string Number(double d) =>
            double.IsNaN(d) ? "double.NaN"
            : double.IsInfinity(d) ? (d > 0 ? "double.PositiveInfinity" : "double.NegativeInfinity")
            : Digits(d);
    }

    sealed class FSharpWords : Language
    {
        public override string Lambda(string[] arguments, string body) =>
            $"(fun {string.Join(" ", arguments.Select(a => $"({a}: float)"))} -> {body})";

        protected override string Choose(string test, string a, string b) => $"(if {test} then {a} else {b})";

        protected override string Not => "not ";

        protected override string Equal => "=";

        protected override string NotEqual => "<>";

        protected override string Float(string x) => $"float32 {x}";

        protected override string Double(string x) => $"float ({x})";

        protected override string Number(double d) =>
            double.IsNaN(d) ? "nan"
            : double.IsInfinity(d) ? (d > 0 ? "infinity" : "-infinity")
            : Digits(d);
    }
}
