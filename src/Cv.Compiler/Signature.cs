using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Holds the inputs of a graph, and checks what a call binds them to.</summary>
sealed class Signature
{
    readonly Dictionary<string, Input> _byName = [];
    readonly ImmutableArray<(string Input, int Classes)> _labels;

    public Signature(Graph graph)
    {
        var inputs = ImmutableArray.CreateBuilder<Named>();
        var leaves = new Dictionary<string, Named>();
        foreach (var e in graph.Nodes.Concat(graph.Updates.Select(u => u.Target)))
        {
            if (e.Op is not Named leaf)
                continue;
            if (!leaves.TryAdd(leaf.Id, leaf) && leaves[leaf.Id] != leaf)
                throw new GraphException(
                    $"graph: a name must mean one thing; \"{leaf.Id}\" is {leaves[leaf.Id].Name} {leaves[leaf.Id].Type} and {leaf.Name} {leaf.Type}. Rename one."
                );
            if (leaf is Input input && _byName.TryAdd(input.Id, input))
                inputs.Add(input);
        }
        Inputs = inputs.ToImmutable();
        Leaves = [.. leaves.Values.Where(l => l is not Input)];
        _labels =
        [
            .. graph
                .Nodes.Where(e => e.Op is OneHot && Geometry.Source(e.Operands[0]).Op is Input)
                .Select(e => (((Input)Geometry.Source(e.Operands[0]).Op).Id, ((OneHot)e.Op).Classes))
                .Distinct(),
        ];
    }

    /// <summary>Gives the inputs in order of appearance.</summary>
    public ImmutableArray<Named> Inputs { get; }

    /// <summary>Gives the parameters and states in order of appearance.</summary>
    public ImmutableArray<Named> Leaves { get; }

    /// <summary>Checks the bindings of a call, binds the symbols, and converts labels that came as floats.</summary>
    /// <exception cref="BindingException">An input is unknown, unbound, bound twice, or bound to a value that does not fit it.</exception>
    public Call Bind(ReadOnlySpan<Binding> bindings)
    {
        var call = new Call(Inputs.Length);
        foreach (var (name, value) in bindings)
        {
            if (!_byName.TryGetValue(name ?? "", out var input))
                throw new BindingException(
                    $"call: \"{name}\" is not an input; the inputs are {Names()}. Correct the name, or drop the binding."
                );
            if (value is null)
                throw new BindingException($"call: input \"{name}\" must be bound to a tensor; got null. Make one with Tensor.From.");
            Check(input, value, call);
            call.Add(name!, input.Type.DType == DType.I32 && value.DType.IsFloat() ? Whole(input, value) : value);
        }
        foreach (var input in Inputs)
            if (!call.Has(input.Id))
                throw new BindingException(
                    $"call: input \"{input.Id}\" must be bound, to {input.Type}; it is not. Add new Binding(\"{input.Id}\", ...)."
                );
        foreach (var (name, classes) in _labels)
            CheckLabels(name, call[name], classes);
        return call;
    }

    string Names() => Inputs.Length == 0 ? "none" : string.Join(", ", Inputs.Select(i => $"\"{i.Id}\""));

    static void Check(Input input, Tensor value, Call call)
    {
        var (type, shape) = (input.Type, value.Shape);
        bool whole = type.DType == DType.I32 && value.DType.IsFloat(); // checked element by element
        bool fits = shape.Rank == type.Shape.Rank && (value.DType == type.DType || whole);
        for (int axis = 0; fits && axis < shape.Rank; axis++)
            fits = !type.Shape[axis].IsKnown || type.Shape[axis] == shape[axis];
        if (!fits)
            throw new BindingException($"call: input \"{input.Id}\" must be {type}; got {value.Type}. Cast or reshape the tensor.");
        for (int axis = 0; axis < shape.Rank; axis++)
            if (type.Shape[axis].Symbol is { } symbol && !call.TryBind(symbol, shape[axis].Value, out int other))
                throw new BindingException(
                    $"call: input \"{input.Id}\" must agree on {symbol} with the inputs before it; got {value.Type}, where {symbol} is {other}. Give batches of one size."
                );
    }

    static Tensor Whole(Input input, Tensor value)
    {
        double[] values = value.ToDoubles();
        for (int i = 0; i < values.Length; i++)
            if (values[i] != (int)values[i])
                throw new BindingException(
                    $"call: input \"{input.Id}\" must hold whole numbers; got {values[i]} at index {i}. Clean the labels."
                );
        return value.Cast(DType.I32);
    }

    static void CheckLabels(string name, Tensor labels, int classes)
    {
        var values = labels.AsSpan<int>();
        for (int i = 0; i < values.Length; i++)
            if ((uint)values[i] >= (uint)classes)
                throw new BindingException(
                    $"call: input \"{name}\" must hold labels 0 to {classes - 1}; got {values[i]} at index {i}. Number the classes from 0."
                );
    }
}
