using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Runs a compiled graph. The trainer takes functions as values, so that nothing here needs the compiler.
/// </summary>
public interface IFunction
{
    /// <summary>Lists the graph's inputs, which every call must bind.</summary>
    IReadOnlyList<Named> Inputs { get; }

    /// <summary>Names the outputs after the first, where the first is a loss and the others tell people more: what a trainer shows. None unless they were asked for.</summary>
    IReadOnlyList<Metric> Metrics => [];

    /// <summary>
    /// Runs the function: reads the bound inputs and <paramref name="state"/>, updates the state in place, gives the results. They belong to the caller: disposing one
    /// gives its memory back for the next call, forgetting one leaves it to the garbage collector.
    /// </summary>
    /// <exception cref="BindingException">An input is unknown, unbound, or bound to a value that does not fit it. Nothing has changed.</exception>
    /// <exception cref="ObjectDisposedException">An input or a tensor of the state was disposed. Nothing has changed.</exception>
    IReadOnlyList<Tensor> Call(ModelState state, params Binding[] inputs);

    /// <summary>
    /// Runs the function as <see cref="Call"/> does, and writes the results to the caller's tensors: a loop that calls it so allocates nothing. A result may be the
    /// tensor of an input: the old numbers are read.
    /// </summary>
    /// <param name="state">The parameters and states.</param>
    /// <param name="results">A tensor for each result, of its type, with memory of its own.</param>
    /// <param name="inputs">The values of the inputs.</param>
    /// <example><code>
    /// Tensor[] figures = [Tensor.Zeros([]), Tensor.Zeros([])];
    /// foreach (var batch in batches.Epoch(1))
    ///     program.Step.CallInto(state, figures, batch.Inputs());   // figures[0].Item() is the loss
    /// </code></example>
    /// <exception cref="BindingException">A binding does not fit, or a result's tensor does not: it has another type, or shares memory with another result or the state. Nothing has changed.</exception>
    /// <exception cref="ObjectDisposedException">A tensor was disposed. Nothing has changed.</exception>
    void CallInto(ModelState state, Tensor[] results, params Binding[] inputs)
    {
        ArgumentNullException.ThrowIfNull(results);
        var made = Call(state, inputs);
        if (made.Count != results.Length)
            throw new BindingException(
                $"call: there must be a tensor for each result; got {results.Length} for {made.Count}. Make as many."
            );
        for (int i = 0; i < results.Length; i++)
            results[i].CopyFrom(made[i]);
        foreach (var tensor in made)
            tensor.Dispose();
    }

    /// <summary>
    /// Evaluates the graph again, slowly and without changing <paramref name="state"/>, to find the first node whose value is not
    /// finite; null when every value is.
    /// </summary>
    NonFiniteReport? FirstNonFinite(ModelState state, params Binding[] inputs);

    /// <summary>
    /// Describes what the function computes, one line for each node in a fixed order: op, attributes, constants, names, types. Functions of equal graphs give equal lines, in
    /// every process; threads, width and machine are no part of them. A checkpoint keeps the lines of a run's step, so that no other step goes on with it.
    /// </summary>
    /// <remarks>A function that cannot tell what it computes gives its inputs alone.</remarks>
    /// <example><code>File.WriteAllLines("step.txt", program.Step.Describe());   // %3 : f32[N,10] = matmul %0 %1 ...</code></example>
    IReadOnlyList<string> Describe() => [.. Inputs.Select(i => $"input{i.Attributes} : {i.Type}")];
}
