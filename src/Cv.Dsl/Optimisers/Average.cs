using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Keeps an average of each parameter beside it, which is smoother than the parameter and often judges better: a = k a + (1 - k) w after step t, from 0, with k = min(decay, t / (t + 1)). A decay of 1 gives
/// the mean of all values; one below it an exponential moving average that begins as a mean, so that the first values do not count for too long. State: "w/average".
/// </summary>
/// <param name="Inner">The optimiser that moves the parameter.</param>
/// <param name="Decay">The part of the average that a step keeps at most.</param>
/// <param name="From">The steps before the average begins.</param>
/// <remarks>
/// Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992). Train with the parameters, judge with the averages: <c>program.WithAverages()</c>.
/// </remarks>
public sealed record AverageOptimiser(Optimiser Inner, double Decay, long From) : WrappedOptimiser(Inner)
{
    /// <inheritdoc/>
    protected override string Name => "average";

    /// <inheritdoc/>
    public override Expr? AverageOf(Expr parameter) => Leaves(parameter).First();

    /// <inheritdoc/>
    protected override IEnumerable<Expr> Leaves(Expr parameter) =>
        Inner.AverageOf(parameter) is null
            ? [Zero(parameter, "average"), .. Inner.Init(parameter).Union([Taken(parameter)])]
            : throw new GraphException(
                $"average: an optimiser must keep one average; \"{((Named)parameter.Op).Id}\" would have two. Leave one out."
            );

    /// <inheritdoc/>
    protected override (Expr Parameter, ImmutableArray<Expr> State) Step(Expr parameter, Expr gradient, ImmutableArray<Expr> state)
    {
        int inner = Inner.Init(parameter).Length;
        var (next, nextState) = base.Step(parameter, gradient, state[1..(inner + 1)]);
        var t = (Taken(parameter).Cast(parameter.DType) - (double)From).Maximum(0);
        var kept = (t / (t + 1.0)).Minimum(Decay);
        var average = kept * state[0] + (1.0 - kept) * next;
        return (next, [average, .. nextState, .. state[(inner + 1)..].Select(taken => taken + 1.0)]);
    }
}

public abstract partial record Optimiser
{
    /// <inheritdoc cref="AverageOptimiser"/>
    /// <param name="decay">The part of the average that a step keeps at most, above 0 and at most 1; 1 gives the mean of all values.</param>
    /// <param name="from">The steps before the average begins, at least 0.</param>
    /// <example><code>
    /// var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(0.1).Average(0.999), metrics: [Metric.Accuracy]);
    /// double accuracy = Evaluation.Of(program.WithAverages().Evaluate, state, test).Metrics["accuracy"];
    /// </code></example>
    /// <exception cref="GraphException">The decay is not in (0, 1], or the steps are negative.</exception>
    public Optimiser Average(double decay = 1, long from = 0)
    {
        if (!(decay is > 0 and <= 1))
            throw new GraphException($"average: the decay must be above 0 and at most 1; got {decay}. 0.999 is usual, 1 gives the mean.");
        if (from < 0)
            throw new GraphException($"average: the steps before it must be at least 0; got {from}. 0 begins at once.");
        return new AverageOptimiser(this, decay, from);
    }
}
