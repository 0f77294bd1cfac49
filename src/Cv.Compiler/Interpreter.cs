using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Runs any graph with plain loops, node by node, as each op's <see cref="Op.Evaluate"/> says: slow, and obviously correct. It is the
/// oracle for the compiled kernels, and finds the first node that is not finite.
/// </summary>
public static class Interpreter
{
    /// <summary>Runs a graph and gives its outputs, then the updates' values. Changes no state.</summary>
    /// <param name="graph">The graph; its symbols are bound by the inputs.</param>
    /// <param name="state">The values of parameters and states, or null when the graph has none.</param>
    /// <param name="inputs">The values of the inputs.</param>
    /// <exception cref="BindingException">An input is unknown, unbound, or bound to a value that does not fit it.</exception>
    public static ImmutableArray<Tensor> Run(Graph graph, ModelState? state, params Binding[] inputs)
    {
        using var reading = new Reading(graph.ForInference(), state, inputs);
        var values = new Dictionary<Expr, double[]>();
        foreach (var e in reading.Graph.Nodes)
            values[e] = Evaluate(e, values, reading);
        return [.. reading.Graph.Roots.Select(root => ToTensor(root.Type, values[root]))];
    }

    /// <summary>Finds the first node, in order of evaluation, with a value that is not finite; null when every value is.</summary>
    /// <exception cref="BindingException">An input is unknown, unbound, or bound to a value that does not fit it.</exception>
    public static NonFiniteReport? FirstNonFinite(Graph graph, ModelState? state, params Binding[] inputs)
    {
        using var reading = new Reading(graph.ForInference(), state, inputs);
        var values = new Dictionary<Expr, double[]>();
        foreach (var e in reading.Graph.Nodes)
        {
            double[] value = values[e] = Evaluate(e, values, reading);
            double[][] operands = [.. e.Operands.Select(o => values[o])];
            if (Report(e, operands, value, "") is not { } report)
                continue;
            NonFiniteReport? inside = null;
            if (e.Op is Closure closure)
                closure.Run(operands, new double[value.Length], (where, n, from, v) => inside ??= Report(n, from, v, $" {where}"));
            return inside ?? report;
        }
        return null;
    }

    /// <summary>Reports the first element that is not finite, if one is.</summary>
    static NonFiniteReport? Report(Expr e, double[][] from, double[] value, string where)
    {
        int bad = Array.FindIndex(value, v => !double.IsFinite(v));
        if (bad < 0 || e.Op is Const)
            return null;
        string operands =
            string.Join(", ", e.Operands.Take(8).Select((o, i) => $"{o}{Line(o)} in {Range(from[i])}"))
            + (e.Operands.Length > 8 ? ", ..." : "");
        string text = operands.Length == 0 ? "it came from outside" : $"its operands: {operands}";
        return new($"{e}{where}", $"element {bad} of {value.Length} is {value[bad]}; {text}", e.Origin);
    }

    static double[] Evaluate(Expr e, Dictionary<Expr, double[]> values, Reading reading)
    {
        if (e.Op is Named named)
            return reading.ValueOf(named).ToDoubles();
        var result = new double[e.Shape.Size];
        e.Op.Evaluate(e, e.Operands.Select(o => values[o]).ToArray(), result);
        e.DType.Round(result);
        return result;
    }

    internal static Tensor StateOf(ModelState? state, Named leaf)
    {
        if (state is null || !state.Contains(leaf.Id))
            throw new BindingException(
                $"call: the state must hold {leaf.Name} \"{leaf.Id}\"; it does not. Initialise it with the graph's leaves.",
                leaf
            );
        var tensor = state[leaf.Id];
        if (tensor.Type != leaf.Type)
            throw new BindingException(
                $"call: {leaf.Name} \"{leaf.Id}\" must be {leaf.Type}; the state holds {tensor.Type}. Initialise it with this graph's leaves.",
                leaf
            );
        return tensor;
    }

    static string Range(double[] values) => values.Length == 0 ? "nothing" : $"{values.Min():G4}..{values.Max():G4}";

    static string Line(Expr e) => e.Origin?.Place is { } place ? $" ({place})" : "";

    static Tensor ToTensor(TensorType type, double[] values)
    {
        using var wide = Tensor.From(type.Shape, values);
        return wide.Cast(type.DType);
    }

    /// <summary>Holds a graph with its symbols bound, and claims what it reads, as a call does, until it is disposed.</summary>
    sealed class Reading : IDisposable
    {
        readonly Signature _signature;
        readonly Call _call;
        readonly Dictionary<Named, Tensor> _leaves;
        readonly CallFlow _flow;

        public Reading(Graph graph, ModelState? state, Binding[] inputs)
        {
            _signature = new(graph);
            _call = new(_signature);
            try
            {
                _signature.Bind(_call, inputs);
                Graph = BindSymbols.Run(graph, _call.Binding());
                var named = Graph.Nodes.Select(e => e.Op).OfType<Named>().Where(l => l is not Input).Distinct();
                var leaves = new Leaves(state ?? ModelState.Empty, [.. named.Select(l => (l, false))]);
                _leaves = leaves.All.ToDictionary(l => l.Leaf, l => l.Tensor);
                _call.Begin([], leaves);
                _flow = CallFlow.Begin();
            }
            catch
            {
                _call.Clear();
                throw;
            }
        }

        public Graph Graph { get; }

        public Tensor ValueOf(Named leaf) => leaf is Input ? _call[_signature.NumberOf(leaf.Id)] : _leaves[leaf];

        public void Dispose()
        {
            _flow.Dispose();
            _call.Clear();
        }
    }
}
