namespace Cv.Dsl;

/// <summary>
/// Names a scalar that tells people how well a model does. It is computed beside the loss, from scores and labels, and no gradient flows from it. A training
/// computes and shows the metrics that it was given, and no others.
/// </summary>
/// <example><code>
/// var topScore = new Metric("top score", (scores, labels) => scores.Max(-1).Mean());
/// var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Adam(1e-3), metrics: [Metric.Accuracy, topScore]);
/// </code></example>
public sealed record Metric
{
    /// <summary>Names a metric and says how it is computed.</summary>
    /// <param name="name">The name, as progress, reports and messages show it.</param>
    /// <param name="of">Gives the scalar from scores and labels: a mean over the batch, for a set's figure is the mean over its examples.</param>
    /// <param name="isFraction">Says that the value lies between 0 and 1, so that it is shown as per cent.</param>
    /// <exception cref="GraphException">The name is empty, or "loss", which is the loss's own.</exception>
    public Metric(string name, Func<Expr, Expr, Expr> of, bool isFraction = false)
    {
        ArgumentNullException.ThrowIfNull(of);
        if (string.IsNullOrWhiteSpace(name) || string.Equals(name, "loss", StringComparison.OrdinalIgnoreCase))
            throw new GraphException(
                $"metric: a name must not be empty, nor \"loss\"; got \"{name}\". Name what it measures: \"accuracy\"?"
            );
        (Name, Of, IsFraction) = (name, of, isFraction);
    }

    /// <summary>Measures the fraction of examples whose highest score is at the label: <see cref="Verbs.Accuracy"/>, for two classes or more.</summary>
    public static Metric Accuracy { get; } = new("accuracy", Verbs.Accuracy, isFraction: true);

    /// <summary>Measures the fraction of examples whose only score is above 0 where the label is 1, and not above 0 where it is 0: <see cref="Verbs.BinaryAccuracy"/>.</summary>
    public static Metric BinaryAccuracy { get; } = new("accuracy", Verbs.BinaryAccuracy, isFraction: true);

    /// <summary>Gives the name.</summary>
    public string Name { get; }

    /// <summary>Gives the scalar from scores and labels.</summary>
    public Func<Expr, Expr, Expr> Of { get; }

    /// <summary>Tells whether the value lies between 0 and 1, and is shown as per cent.</summary>
    public bool IsFraction { get; }
}
