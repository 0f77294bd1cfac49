using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Holds the inputs of a graph, and checks what a call binds them to. Inputs and symbols go by number, so that nothing is looked up.</summary>
sealed class Signature
{
    readonly Input[] _inputs;
    readonly int[][] _symbolsOf;
    readonly IndexChecks _indices;
    readonly bool _writes;

    public Signature(Graph graph)
    {
        var inputs = new List<Input>();
        var leaves = new Dictionary<string, Named>();
        foreach (var e in graph.Nodes.Concat(graph.Updates.Select(u => u.Target)))
        {
            if (e.Op is not Named leaf)
                continue;
            if (leaf is Argument)
                throw new GraphException(
                    $"graph: what a body is given has a value only in the body; got {e} outside. Let the body give it back, as an output?"
                );
            if (leaves.TryAdd(leaf.Id, leaf))
            {
                if (leaf is Input input)
                    inputs.Add(input);
            }
            else if (leaves[leaf.Id] != leaf)
                throw new GraphException(
                    $"graph: a name must mean one thing; \"{leaf.Id}\" is {leaves[leaf.Id].Name} {leaves[leaf.Id].Type} and {leaf.Name} {leaf.Type}. Rename one.",
                    Expr.Of(leaves[leaf.Id]),
                    e
                );
        }
        _writes = graph.Updates.Length > 0;
        _inputs = [.. inputs];
        Inputs = [.. inputs];
        Leaves = [.. leaves.Values.Where(l => l is not Input)];
        Symbols = [.. inputs.SelectMany(i => i.Type.Shape.Dims.ToArray()).Select(d => d.Symbol).OfType<string>().Distinct()];
        _symbolsOf =
        [
            .. inputs.Select(i => Array.ConvertAll(i.Type.Shape.Dims.ToArray(), d => d.Symbol is { } s ? Symbols.IndexOf(s) : -1)),
        ];
        _indices = new(graph, _inputs);
    }

    /// <summary>Gives the inputs in order of appearance.</summary>
    public ImmutableArray<Named> Inputs { get; }

    /// <summary>Gives the parameters and states in order of appearance.</summary>
    public ImmutableArray<Named> Leaves { get; }

    /// <summary>Gives the symbols in the inputs' shapes, in order of appearance.</summary>
    public ImmutableArray<string> Symbols { get; }

    /// <summary>Gives the number of the input of a name, or -1; a call mostly names its inputs in their order, so it may say which it expects.</summary>
    public int NumberOf(string? name, int expected = 0)
    {
        for (int i = 0; i < _inputs.Length; i++)
        {
            int number = (i + expected) % _inputs.Length;
            if (string.Equals(_inputs[number].Id, name, StringComparison.Ordinal))
                return number;
        }
        return -1;
    }

    /// <summary>Checks the types of a call's bindings, and binds the symbols. Reads no element.</summary>
    /// <exception cref="BindingException">An input is unknown, unbound, bound twice, or bound to a value that does not fit it.</exception>
    public void Bind(Call call, ReadOnlySpan<Binding> bindings)
    {
        call.Clear();
        for (int i = 0; i < bindings.Length; i++)
        {
            var (name, value) = bindings[i];
            int number = NumberOf(name, i);
            if (number < 0)
                throw new BindingException(
                    $"call: \"{name}\" is not an input; the inputs are {Names()}. Correct the name, or drop the binding."
                );
            if (value is null)
                throw new BindingException(
                    $"call: input \"{name}\" must be bound to a tensor; got null. Make one with Tensor.From.",
                    _inputs[number]
                );
            Check(number, value, call);
            if (call.Has(number))
                throw new BindingException($"call: input \"{name}\" may be bound once; got it twice. Drop one binding.", _inputs[number]);
            call.Set(number, value);
        }
        for (int i = 0; i < _inputs.Length; i++)
            if (!call.Has(i))
                throw new BindingException(
                    $"call: input \"{_inputs[i].Id}\" must be bound, to {_inputs[i].Type}; it is not. Add new Binding(\"{_inputs[i].Id}\", ...).",
                    _inputs[i]
                );
        if (_writes)
            RefuseNothing(call);
    }

    /// <summary>Checks the elements of a call's inputs, whose memory it has claimed, and converts labels that came as floats.</summary>
    /// <exception cref="BindingException">A label is not a whole number, or an index is out of range.</exception>
    public void CheckElements(Call call)
    {
        for (int i = 0; i < _inputs.Length; i++)
            if (_inputs[i].Type.DType == DType.I32 && call[i].DType.IsFloat())
                call.Replace(i, Whole(_inputs[i], call[i]));
        _indices.Verify(call);
    }

    string Names() => Inputs.Length == 0 ? "none" : ErrorText.List(Inputs.Select(i => $"\"{i.Id}\""));

    void Check(int number, Tensor value, Call call)
    {
        var input = _inputs[number];
        var (type, shape) = (input.Type, value.Shape);
        bool whole = type.DType == DType.I32 && value.DType.IsFloat(); // checked element by element
        bool fits = shape.Rank == type.Shape.Rank && (value.DType == type.DType || whole);
        for (int axis = 0; fits && axis < shape.Rank; axis++)
            fits = !type.Shape[axis].IsKnown || type.Shape[axis] == shape[axis];
        if (!fits)
            throw new BindingException($"call: input \"{input.Id}\" must be {type}; got {value.Type}. Cast or reshape the tensor.", input);
        int[] symbols = _symbolsOf[number];
        for (int axis = 0; axis < shape.Rank; axis++)
            if (symbols[axis] >= 0 && !call.TryBind(symbols[axis], shape[axis].Value, out int other))
                throw new BindingException(
                    $"call: input \"{input.Id}\" must agree on {Symbols[symbols[axis]]} with the inputs before it; got {value.Type}, where {Symbols[symbols[axis]]} is {other}. Give batches of one size.",
                    input
                );
    }

    static Tensor Whole(Input input, Tensor value)
    {
        double[] values = value.ToDoubles();
        for (int i = 0; i < values.Length; i++)
            if (!DType.I32.Holds(values[i]))
                throw new BindingException(
                    $"call: input \"{input.Id}\" must hold whole numbers; got {values[i]} at index {i}. Clean the labels.",
                    input
                );
        return value.Cast(DType.I32);
    }

    /// <summary>Refuses to update anything from nothing: a mean over no examples is NaN, and would spoil what lives between calls.</summary>
    void RefuseNothing(Call call)
    {
        for (int i = 0; i < _inputs.Length; i++)
            if (call[i].Shape.Size == 0)
                throw new BindingException(
                    $"call: what a call updates must be made of an element at least; got input \"{_inputs[i].Id}\" with none, {call[i].Type}, and updates of parameters or states. Skip an empty batch.",
                    _inputs[i]
                );
    }
}
