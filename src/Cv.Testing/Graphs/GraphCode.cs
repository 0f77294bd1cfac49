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
        var names = new Dictionary<Expr, string>();
        string lines = Lines(y, words, names, "", name: "");
        return lines.TrimEnd('\n');
    }

    /// <summary>Writes the lines that make some nodes, and names them; those that have names are there already.</summary>
    /// <param name="y">The last of them.</param>
    /// <param name="words">The language.</param>
    /// <param name="names">The names so far.</param>
    /// <param name="indent">What stands before each line.</param>
    /// <param name="name">What the names in a body begin with.</param>
    static string Lines(Expr y, Words words, Dictionary<Expr, string> names, string indent, string name)
    {
        var text = new StringBuilder();
        var nodes = Expr.Nodes(y);
        for (int i = 0; i < nodes.Length; i++)
        {
            var node = nodes[i];
            if (names.ContainsKey(node))
                continue;
            string own =
                node == y && name.Length == 0 ? "y"
                : node.Op is Named { Id: var id } && IsName(id) ? id
                : $"{name}t{(name.Length == 0 ? i : names.Count)}";
            string[] x = [.. node.Operands.Select(o => names[o])];
            names[node] = own;
            string made = node.Op switch
            {
                Scan scan => words.Scan(own, scan, x, indent, Inside),
                Checkpoint checkpoint => words.Line(
                    own,
                    words.Checkpoint(checkpoint, x, indent, parts => Inside(checkpoint.Body, parts, own))
                ),
                Part part when node.Operands[0].Op is Scan scan => words.Line(own, Words.PartOf(x[0], scan, part.Index)),
                _ => words.Line(own, words.Node(node, x)),
            };
            text.Append(indent).Append(made).Append('\n');
        }
        return text.ToString();

        // a body's nodes have names of their own: the same node may stand in another body, with other arguments
        (string Lines, string[] Results) Inside(Body body, string[] arguments, string own)
        {
            var inner = body.Arguments.Zip(arguments).ToDictionary(p => p.First, p => p.Second);
            var lines = new StringBuilder();
            foreach (var result in body.Results)
                lines.Append(Lines(result, words, inner, indent + "    ", own));
            return (lines.ToString(), [.. body.Results.Select(r => inner[r])]);
        }
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

        /// <summary>Names a part of a scan's results.</summary>
        public static string PartOf(string scan, Scan op, int index) =>
            index < op.States ? $"{scan}last[{index}]" : $"{scan}outputs[{index - op.States}]";

        /// <summary>Writes a checkpoint: what was its own argument is one again, and what it took from outside is taken so.</summary>
        public string Checkpoint(Checkpoint op, string[] x, string indent, Func<string[], (string Lines, string[] Results)> inside)
        {
            int given = Given(op.Body, 0);
            var (lines, results) = inside([.. x.Select((outside, i) => i < given ? $"v[{i}]" : outside)]);
            return $"Expr.Checkpoint({Function("v", lines, results[0], indent)}, {string.Join(", ", x.Take(given))})";
        }

        /// <summary>Writes a scan; one without a sequence goes through the numbers of its steps.</summary>
        public string Scan(
            string name,
            Scan op,
            string[] x,
            string indent,
            Func<Body, string[], string, (string Lines, string[] Results)> inside
        )
        {
            int leading = op.States + op.Sequences;
            var (lines, results) = inside(
                op.Body,
                [
                    .. x.Select(
                        (outside, i) =>
                            i < op.States ? $"s[{i}]"
                            : i < leading ? $"e[{i - op.States}]"
                            : outside
                    ),
                ],
                name
            );
            var sequences = x.Skip(op.States).Take(op.Sequences).DefaultIfEmpty($"Expr.Iota({Shape([op.Length])}, 0)");
            string made = Pair(Array(results.Take(op.States)), Array(results.Skip(op.States)));
            string states = Nodes(x.Take(op.States)),
                steps = Nodes(sequences);
            return Both(name, $"Expr.Scan({states}, {steps}, {Step(lines, made, indent)}, {Value(op.Reverse)})");
        }

        protected abstract string Function(string argument, string lines, string result, string indent);

        protected abstract string Step(string lines, string result, string indent);

        protected abstract string Pair(string first, string second);

        protected abstract string Both(string name, string value);

        protected abstract string Nodes(IEnumerable<string> nodes);

        // those that a body took from outside are called constants; at least one stays an argument
        static int Given(Body body, int least) =>
            Math.Max(1, body.Arguments.TakeWhile((a, i) => i < least || ((Argument)a.Op).Kind != "constant").Count());

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
                Dim dim => dim.ToString(),
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

        protected override string Nodes(IEnumerable<string> nodes) => Array(nodes);

        protected override string Function(string argument, string lines, string result, string indent) =>
            $"{argument} =>\n{indent}{{\n{lines}{indent}    return {result};\n{indent}}}";

        protected override string Step(string lines, string result, string indent) => Function("(s, e)", lines, result, indent);

        protected override string Pair(string first, string second) => $"({first}, {second})";

        protected override string Both(string name, string value) => $"var ({name}last, {name}outputs) = {value};";

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

        protected override string Nodes(IEnumerable<string> nodes) => Array(nodes);

        protected override string Function(string argument, string lines, string result, string indent) =>
            $"(fun ({argument}: Expr[]) ->\n{lines}{indent}    {result})";

        protected override string Step(string lines, string result, string indent) =>
            $"(fun (s: Expr[]) (e: Expr[]) ->\n{lines}{indent}    {result})";

        protected override string Pair(string first, string second) => $"struct ({first}, {second})";

        protected override string Both(string name, string value) => $"let struct ({name}last, {name}outputs) = {value}";

        protected override string Number(double d) =>
            double.IsNaN(d) ? "nan"
            : double.IsPositiveInfinity(d) ? "infinity"
            : double.IsNegativeInfinity(d) ? "-infinity"
            : base.Number(d);
    }
}
