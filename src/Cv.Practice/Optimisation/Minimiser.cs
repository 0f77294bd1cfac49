using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Lowers a loss over all examples at once, by moving the parameters that its graph reads. Other than an <see cref="Optimiser"/>, which takes one step for each mini-batch, it may compute the
/// loss several times before it moves. Values; what is computed, vectors too, is compiled graphs.
/// </summary>
/// <example><code>
/// Expr loss = model.Output.SoftmaxCrossEntropy(labels) + 1e-3 * model.Weights[0].L2();
/// using var state = ModelState.Initialise(model.Parameters, seed: 1);
/// var minimum = new Lbfgs().Minimise(loss, state, [new("x", images), new("labels", classes)]);
/// </code></example>
public abstract record Minimiser
{
    /// <summary>Prints the minimiser with its numbers, by the invariant culture.</summary>
    public sealed override string ToString() => RecordText.Of(GetType().Name, PrintMembers);

    /// <summary>Lowers a loss as far as it can.</summary>
    /// <param name="loss">The loss, f32[] or f64[]; its gradient must be that of its value, so layers that differ in training do what they do after it.</param>
    /// <param name="state">The parameters, and the states that the loss reads; moved in place.</param>
    /// <param name="inputs">The loss's inputs, all examples at once.</param>
    /// <param name="options">Says when to end.</param>
    /// <param name="progress">Receives each iteration, in order, on this thread.</param>
    /// <param name="cancellation">Asks to stop; looked at before every iteration. The state is left with the lowest point so far.</param>
    /// <exception cref="GraphException">The loss is not a scalar of floats, or reads no parameter; or an option or a setting of the minimiser is out of range.</exception>
    /// <exception cref="TrainingException">The loss is not finite where the parameters stand at first.</exception>
    /// <exception cref="BindingException">An input is unknown, unbound, or does not fit.</exception>
    public Minimum Minimise(
        Expr loss,
        ModelState state,
        Binding[] inputs,
        MinimiserOptions? options = null,
        IProgress<Iteration>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(state);
        if (loss.Shape.Rank != 0 || !loss.DType.IsFloat())
            throw new GraphException($"minimise: the loss must be a scalar of floats; got {loss.Type}. Take its mean: .Mean()?", loss);
        ImmutableArray<Expr> parameters = [.. new Graph(loss).Nodes.Where(e => e.Op is Parameter)];
        if (parameters.IsEmpty)
            throw new GraphException("minimise: the loss must read a parameter; got none. Add a layer: .Dense(10)?", loss);
        return Run(new(loss, parameters, state, inputs, (options ?? new()).Checked(), progress, cancellation));
    }

    /// <summary>Lowers the loss.</summary>
    private protected abstract Minimum Run(MinimiserTask task);
}
