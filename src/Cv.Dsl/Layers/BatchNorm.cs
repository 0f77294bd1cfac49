namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Normalises each channel over the batch: (x - mean) / sqrt(variance + epsilon), times a factor, plus a summand, both trained. Shape and dtype unchanged:
    /// [N, ..., C], the channels last.
    /// </summary>
    /// <param name="x">The examples, f32 or f64; images are [N, H, W, C].</param>
    /// <param name="name">The layer's name: its parameters are "name.scale" and "name.shift", its states "name.mean" and "name.variance". batchnorm1, batchnorm2, ... if none is given.</param>
    /// <param name="momentum">The part of the running statistics that each step replaces, 0 to 1. (Elsewhere this may name the part that is kept.)</param>
    /// <param name="epsilon">Keeps the divisor away from 0.</param>
    /// <remarks>
    /// Ioffe and Szegedy, "Batch Normalization" (2015), algorithm 1. In training, mean and variance are those of the batch, over all axes but the last, and
    /// gradients flow through them; each step moves the states towards them: s + momentum (batch - s), where the batch's variance is divided by n - 1 instead of
    /// n. Otherwise the states are used in their place. The parameters have no penalty. The same name is the same layer, with the same statistics.
    /// </remarks>
    /// <example><code>Expr h = images.Flatten().Dense(100).BatchNorm().Relu();</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64 of two dims or more, the last known.</exception>
    /// <exception cref="GraphException">The momentum is not in [0, 1], or epsilon not a finite number above 0.</exception>
    public static Expr BatchNorm(this Expr x, string? name = null, double momentum = 0.1, double epsilon = 1e-5)
    {
        var layer = Identity.New("batchnorm", name);
        Normalisation.Check("batch_norm", layer, x, epsilon);
        if (!(momentum is >= 0 and <= 1))
            throw new GraphException($"batch_norm: the momentum must be at least 0 and at most 1; got {momentum}. 0.1 is usual.");
        var (scale, shift) = Normalisation.Parameters(x, layer);
        var shape = Normalisation.PerChannel(x);
        Expr runningMean = Expr.State(layer, "mean", shape, 0, x.DType),
            runningVariance = Expr.State(layer, "variance", shape, 1, x.DType);
        int[] axes = [.. Enumerable.Range(0, x.Shape.Rank - 1)];
        Expr batchMean = x.Mean(axes, keepDims: true),
            batchVariance = x.Variance(axes, keepDims: true);
        var n = Count(x, Axes.Of(x.Shape, axes, "batch_norm"));
        var unbiased = batchVariance * (n / (n - 1.0).Maximum(1.0)); // of a single value there is no estimate: 0

        var mean = batchMean.Remember(runningMean, Moved(runningMean, batchMean)).WhenTraining(runningMean);
        var variance = batchVariance.Remember(runningVariance, Moved(runningVariance, unbiased)).WhenTraining(runningVariance);
        return (x - mean) * (scale / (variance + epsilon).Sqrt()) + shift;

        Expr Moved(Expr state, Expr batch) => (1 - momentum) * state + momentum * batch;
    }

    /// <inheritdoc cref="BatchNorm(Expr, string, double, double)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="name">The layer's name; batchnorm1, batchnorm2, ... if none is given.</param>
    /// <param name="momentum">The part of the running statistics that each step replaces, 0 to 1.</param>
    /// <param name="epsilon">Keeps the divisor away from 0.</param>
    /// <exception cref="GraphException">The model already has a layer of the name.</exception>
    /// <example><code>var model = Model.Input(784).Dense(100).BatchNorm().Relu().Dense(10);</code></example>
    public static Model BatchNorm(this Model model, string? name = null, double momentum = 0.1, double epsilon = 1e-5)
    {
        LayerNames.CheckFree("batch_norm", model, name, ".Then(x => x.BatchNorm(...))", "scale");
        return model.ThenVerb("batchnorm", x => x.BatchNorm(name, momentum, epsilon));
    }
}
