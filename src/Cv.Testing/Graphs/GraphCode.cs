using System.Globalization;
using System.Text;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Prints a graph as code that builds it, so that a counter-example can be pasted into a test. A gate is printed with its formula; one of tensors by its name.</summary>
public static class GraphCode
{
    /// <summary>Prints C#: a line for each node, the last named y.</summary>
    /// <example><code>GraphCode.CSharp(x.Tanh());   // Expr x = Expr.Input("x", [3], DType.F64); ...</code></example>
    public static string CSharp(Expr y) => Text(y, new CSharpWords());

    /// <summary>Prints F#: a line for each node, the last named y.</summary>
    public static string FSharp(Expr y) => Text(y, new FSharpWords());

    static string Text(Expr y, Words words)
    {
        var text = new StringBuilder();
        var names = new Dictionary<Expr, string>();
        var nodes = Expr.Nodes(y);
        for (int i = 0; i < nodes.Length; i++)
        {
            var node = nodes[i];
            string name =
                node == y ? "y"
                : node.Op is Named { Id: var id } && IsName(id) ? id
                : $"t{i}";
            string made = words.Node(node, [.. node.Operands.Select(o => names[o])]);
            names[node] = name;
            text.Append(words.Line(name, made)).Append('\n');
        }
        return text.ToString().TrimEnd('\n');
    }

    // t1 and y are names of ours, and words may be keywords
    static bool IsName(string id) =>
        id != "y"
        && id[0] != 't'
        && char.IsAsciiLetter(id[0])
        && (id.Length == 1 || char.IsAsciiDigit(id[^1]))
        && id.All(char.IsAsciiLetterOrDigit);

    abstract class Words
    {
        public abstract string Line(string name, string value);

        protected abstract string New(string type, string arguments);

        protected abstract string Operands(string[] operands);

        protected abstract string Shape(Shape shape);

        protected abstract string Array(IEnumerable<string> values);

        protected abstract string Gate(ScalarGate gate);

        protected abstract string Span(string array);

        public string Node(Expr node, string[] x) =>
            node.Op switch
            {
                Input op => $"Expr.Input(\"{op.Id}\", {Shape(op.Type.Shape)}, {Value(op.Type.DType)})",
                Parameter op => $"Expr.Parameter(\"{op.Id}\", {Shape(op.Type.Shape)}, {Value(op.Initialiser)}, {Value(op.Type.DType)})",
                State op => $"Expr.State(\"{op.Id}\", {Shape(op.Type.Shape)}, {Value(op.Fill)}, {Value(op.Type.DType)})",
                Const op => $"Expr.Const({Value(op.Value)}, {Value(op.DType)})",
                Literal op =>
                    $"Expr.Literal({Shape(op.Type.Shape)}, {Array(op.Values.ToArray().Select(v => Value(v)))}, {Value(op.Type.DType)})",
                Uniform op => $"Expr.Uniform({Shape(op.Type.Shape)}, {x[0]}, {Value(op.Key)}, {Value(op.Type.DType)})",
                Add => $"{x[0]} + {x[1]}",
                Sub => $"{x[0]} - {x[1]}",
                Mul => $"{x[0]} * {x[1]}",
                Div => $"{x[0]} / {x[1]}",
                Unary or MatMul when IsVerb(node) => $"{x[0]}.{node.Op.GetType().Name}({string.Join(", ", x.Skip(1))})",
                _ => $"Expr.Of({Op(node.Op)}{Operands(x)})",
            };

        static bool IsVerb(Expr node) => typeof(Verbs).GetMethods().Any(m => m.Name == node.Op.GetType().Name && m.IsStatic);

        /// <summary>Writes an op by its constructor: a record has a property for each of its arguments.</summary>
        string Op(Op op)
        {
            var type = op.GetType();
            var made = type.GetConstructors().MaxBy(c => c.GetParameters().Length);
            var arguments = (made?.GetParameters() ?? []).Select(p => Value(type.GetProperty(p.Name!)?.GetValue(op)));
            return New(type.Name, string.Join(", ", arguments));
        }

        protected string Value(object? value) =>
            value switch
            {
                null => "null",
                bool b => b ? "true" : "false",
                ScalarGate g => Gate(g),
                TensorRule rule => $"{rule.Name}.Rule",
                Initialiser => "Initialiser.Zeros",
                int i => i.ToString(CultureInfo.InvariantCulture),
                uint u => $"{u}u",
                double d => Number(d),
                DType d => $"DType.{d}",
                Axes a => New("Axes", $"{a.Mask}u"),
                Ints ints => New("Ints", Span(Array(ints.Span.ToArray().Select(i => Value(i))))),
                Window w => New("Window", $"{w.Size}, {w.Stride}, {w.Low}, {w.High}, {w.Dilation}"),
                Shape s => Shape(s),
                TensorType t => New("TensorType", $"{Value(t.DType)}, {Shape(t.Shape)}"),
                _ => value.ToString() ?? "",
            };

        protected virtual string Number(double d)
        {
            string text = d.ToString("R", CultureInfo.InvariantCulture);
            return text.AsSpan().IndexOfAny(".EN∞") < 0 ? text + ".0" : text;
        }
    }

    sealed class CSharpWords : Words
    {
        public override string Line(string name, string value) => $"Expr {name} = {value};";

        protected override string Gate(ScalarGate gate) => GateCode.CSharp(gate);

        protected override string Span(string array) => array;

        protected override string New(string type, string arguments) => $"new {type}({arguments})";

        protected override string Operands(string[] operands) => string.Concat(operands.Select(o => $", {o}"));

        protected override string Shape(Shape shape) => shape.ToString();

        protected override string Array(IEnumerable<string> values) => $"[{string.Join(", ", values)}]";

        protected override string Number(double d) =>
            double.IsNaN(d) ? "double.NaN"
            : double.IsPositiveInfinity(d) ? "double.PositiveInfinity"
            : double.IsNegativeInfinity(d) ? "double.NegativeInfinity"
            : base.Number(d);
    }

    sealed class FSharpWords : Words
    {
        public override string Line(string name, string value) => $"let {name} = {value}";

        protected override string Gate(ScalarGate gate) => GateCode.FSharp(gate);

        protected override string Span(string array) => $"System.ReadOnlySpan {array}";

        protected override string New(string type, string arguments) => $"{type}({arguments})";

        protected override string Operands(string[] operands) => $", [| {string.Join("; ", operands)} |]";

        protected override string Shape(Shape shape) =>
            shape.Rank == 0 ? "Shape.Scalar" : $"Shape.Of [ {string.Join("; ", shape.ToArray())} ]";

        protected override string Array(IEnumerable<string> values) => $"[| {string.Join("; ", values)} |]";

        protected override string Number(double d) =>
            double.IsNaN(d) ? "nan"
            : double.IsPositiveInfinity(d) ? "infinity"
            : double.IsNegativeInfinity(d) ? "-infinity"
            : base.Number(d);
    }
}
