namespace Cv.Dsl;

/// <summary>
/// Trains on mixtures of two examples: each example of a batch is mixed with its partner, the last with the first and so on inwards, lambda x + (1 - lambda) x', and so
/// is the loss, by the same lambda. Otherwise neither model nor loss changes. A value: give one to the model and to its loss.
/// </summary>
/// <remarks>
/// Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization" (2018). One lambda for each batch, as in their program, from Beta(alpha, alpha) by
/// Devroye's formula, "Random variate generation in one line of code" (1996): lambda = 1/2 + 1/2 / sqrt(1 + 1 / q), q = (u^(-1/alpha) - 1) cos^2(2 pi v). That is the half from
/// 1/2 to 1: as partners mix both ways, the other half gives the same mixtures, and here an example's own label weighs more. Batches are shuffled, so partners are
/// others in each epoch. The mean of a loss over the batch is what mixes; a penalty added to it stays. The numbers come from the name and the state "mixup1.step".
/// </remarks>
/// <example><code>
/// var mixup = new Mixup(0.2);
/// var model = Model.Input(32, 32, 3).Mixup(mixup).Conv(16, 5, padding: 2).Relu().MaxPool(2).Flatten().Dense(10);
/// var program = Training.Compile(model, mixup.Loss(Verbs.SoftmaxCrossEntropy), Optimiser.Adam(1e-3));
/// </code></example>
public sealed record Mixup
{
    readonly Identity _identity;

    /// <summary>Chooses how strongly examples are mixed.</summary>
    /// <param name="alpha">The distribution's parameter, above 0: the smaller, the nearer lambda is to 1; with 1, all are equally likely.</param>
    /// <param name="name">Names the stream of random numbers; mixup1, mixup2, ... if none is given, so that each value draws its own.</param>
    /// <exception cref="GraphException">Alpha is not a finite number above 0.</exception>
    public Mixup(double alpha = 0.2, string? name = null)
    {
        if (!(double.IsFinite(alpha) && alpha > 0))
            throw new GraphException($"mixup: alpha must be a finite number above 0; got {alpha}. 0.2 is usual.");
        (Alpha, _identity) = (alpha, name is null ? Layer.Take("mixup", isShared: true) : Identity.Of(name));
    }

    /// <summary>Gives the parameter of the distribution of lambda, Beta(alpha, alpha).</summary>
    public double Alpha { get; }

    Expr Step => Draws.Step(_identity);

    /// <summary>Mixes the examples of a batch in training, [N, ...]: lambda x + (1 - lambda) x'.</summary>
    /// <example><code>var model = Model.Input(784).Then(mixup.Inputs).Dense(10);</code></example>
    /// <exception cref="ShapeException">The examples are not f32 or f64, or a scalar.</exception>
    public Expr Inputs(Expr x)
    {
        Elementwise.SameFloat("mixup", [x.Type]);
        if (x.Shape.Rank == 0)
            throw new ShapeException($"mixup: there must be a batch of examples, [N, ...]; got {x.Type}. Give the input a first dim.");
        var mixed = Mixed(x, x.Flip(0));
        return mixed.Remember(Step, Step + 1.0).WhenTraining(x);
    }

    /// <summary>Mixes a loss in training: lambda loss(scores, labels) + (1 - lambda) loss(scores, labels of the partners).</summary>
    /// <param name="loss">Gives the scalar loss from scores and labels: a mean over the batch.</param>
    public Func<Expr, Expr, Expr> Loss(Func<Expr, Expr, Expr> loss) =>
        (scores, labels) =>
        {
            // one loss of two sets of labels: its layers, if it has any, are the same
            var both = Layer.Of(((Expr Scores, Expr Labels) of) => loss(of.Scores, of.Labels));
            var own = both.Apply((scores, labels));
            return Mixed(own, both.Apply((scores, labels.Flip(0)))).WhenTraining(own);
        };

    Expr Mixed(Expr own, Expr partner)
    {
        var lambda = Lambda(own.DType);
        return partner + lambda * (own - partner);
    }

    Expr Lambda(DType dtype)
    {
        Expr u = Expr.Uniform([], Step, _identity, "u", dtype),
            v = Expr.Uniform([], Step, _identity, "v", dtype);
        var q = (u.Pow(-1 / Alpha) - 1.0) * (2 * Math.PI * v).Cos().Pow(2);
        return 0.5 + 0.5 / (1.0 + 1.0 / q).Sqrt();
    }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(Mixup), PrintMembers);
}

public static partial class Verbs
{
    /// <summary>Appends the mixing of a batch's examples in training; its loss must be mixed by the same value: <c>mixup.Loss(...)</c>.</summary>
    /// <inheritdoc cref="Dsl.Mixup"/>
    public static Model Mixup(this Model model, Mixup mixup) => model.ThenVerb("mixup", mixup.Inputs);
}
