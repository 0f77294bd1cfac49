using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Runs a function whose examples are computed apart on batches of any size, through few sets of extents: a batch is cut into pieces of one size, and what is left into
/// powers of two. Made by <see cref="CompiledFunction.InBatches"/>.
/// </summary>
sealed class BatchedFunction : IFunction
{
    readonly CompiledFunction _function;
    readonly int _size;
    readonly string _symbol;

    public BatchedFunction(CompiledFunction function, Graph graph, int size)
    {
        (_function, _size) = (function, size);
        if (size < 1)
            throw new GraphException($"in_batches: a piece must have at least 1 example; got {size}. 64 is a start.");
        if (graph.Updates is [var update, ..])
            throw new GraphException(
                $"in_batches: the function must change no state, since each piece would; got an update of {update.Target}. Call it with whole batches.",
                update.Target
            );
        _symbol =
            graph.Outputs is [{ Shape: { Rank: > 0 } first }, ..] && first[0].Symbol is { } symbol
                ? symbol
                : throw new GraphException(
                    $"in_batches: each result must have a row for each example, and begin with a symbol; got {string.Join(", ", graph.Outputs.Select(o => o.Type))}. Give Input(\"x\", [\"N\", ...])."
                );
        foreach (var e in graph.Outputs.Concat(graph.Nodes.Where(n => n.Op is Input)))
            if (
                e.Shape.Dims.ToArray().Select((d, i) => (d.Symbol == _symbol) != (i == 0)).Any(wrong => wrong)
                && (e.Op is not Input || Has(e))
            )
                throw new GraphException(
                    $"in_batches: {_symbol} must be the first dim, and no other, of each result and of each input that has it; got {e}. Transpose it.",
                    e
                );
        ExamplesApart.Check(graph.Nodes, _symbol);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Named> Inputs => _function.Inputs;

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> Call(ModelState state, params Binding[] inputs)
    {
        // claims the state and the inputs for all pieces: no other call changes them in between
        var whole = _function.Open(state, inputs);
        Tensor[]? results = null;
        bool isDone = false;
        try
        {
            int count = whole.ExtentOf(_symbol);
            for (int start = 0, size; start < count || results is null; start += size)
            {
                size = Math.Min(_size, count - start);
                if (size > 0 && size < _size)
                    size = 1 << int.Log2(size);
                Binding[] piece = [.. inputs.Select(b => IsCut(b) ? new Binding(b.Name, b.Value.Rows(start, size)) : b)];
                var made = _function.Call(state, piece);
                results ??= [.. made.Select(m => Tensor.Uninitialised(m.Shape.With(0, count), m.DType))];
                for (int i = 0; i < results.Length; i++)
                {
                    results[i].SetRows(start, made[i]);
                    made[i].Dispose();
                }
                foreach (var binding in piece.Where(IsCut))
                    binding.Value.Dispose();
            }
            isDone = true;
            return results;
        }
        finally
        {
            whole.Clear();
            if (!isDone)
                foreach (var result in results ?? [])
                    result.Dispose();
        }
    }

    /// <inheritdoc/>
    public NonFiniteReport? FirstNonFinite(ModelState state, params Binding[] inputs) => _function.FirstNonFinite(state, inputs);

    bool IsCut(Binding binding) => _function.Inputs.Any(i => i.Id == binding.Name && Has(Expr.Of(i)));

    bool Has(Expr e) => e.Shape.Dims.ToArray().Any(d => d.Symbol == _symbol);
}
