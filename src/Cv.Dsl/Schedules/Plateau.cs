namespace Cv.Dsl;

/// <summary>
/// Falls when the validation loss does not: the rate is a state, which the trainer multiplies by a factor after so many epochs in a row without a lower
/// validation loss. States: "plateau/scale", "plateau/lowest" and "plateau/waited", which are saved with the others, so that a resumed run goes on as it would have. They are this value's: another
/// plateau has others, and needs another name where both are in one state.
/// </summary>
/// <param name="First">The rate of the first step.</param>
/// <param name="Decay">What the rate is multiplied by each time.</param>
/// <param name="Patience">The epochs in a row without a lower loss.</param>
/// <param name="Least">The rate below which it does not fall.</param>
/// <param name="Name">What its states' names begin with.</param>
public sealed record PlateauSchedule(double First, double Decay, int Patience, double Least, string Name = "plateau") : Schedule
{
    /// <summary>Gives the state of what the first rate is multiplied by.</summary>
    public Expr Scale => State("scale", 1, DType.F64);

    /// <summary>Gives the state of the lowest validation loss so far.</summary>
    public Expr Lowest => State("lowest", double.PositiveInfinity, DType.F64);

    /// <summary>Gives the state that counts the epochs since that loss, or since the rate fell.</summary>
    public Expr Waited => State("waited", 0, DType.I32);

    /// <inheritdoc/>
    public override IEnumerable<Expr> States => [Scale, Lowest, Waited];

    /// <inheritdoc/>
    public override Expr At(Expr step) => (First * Scale).Maximum(Least).Cast(step.DType);

    Expr State(string part, double fill, DType dtype) =>
        Expr.OwnedState(
            this,
            Identity.Of(Name),
            "/" + part,
            "Schedule.ReduceOnPlateau(..., name: \"second\")",
            new(dtype, Shape.Scalar),
            fill
        );
}

public abstract partial record Schedule
{
    /// <inheritdoc cref="PlateauSchedule"/>
    /// <param name="rate">The rate of the first step.</param>
    /// <param name="factor">What the rate is multiplied by each time, above 0 and at most 1.</param>
    /// <param name="patience">The epochs in a row without a lower validation loss, at least 1.</param>
    /// <param name="least">The rate below which it does not fall.</param>
    /// <param name="name">What its states' names begin with; two plateaus in one state need two names.</param>
    /// <remarks>Give it to the trainer too, which moves it; a program has one at most. It multiplies and follows other schedules like any.</remarks>
    /// <example><code>
    /// var rate = Schedule.ReduceOnPlateau(0.1, factor: 0.5, patience: 3);
    /// var program = Training.Compile(model, Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(rate));
    /// var trainer = new Trainer(program.Step, program.Evaluate, new() { Plateau = rate });
    /// </code></example>
    /// <exception cref="GraphException">A rate is negative or not finite, the factor is not in (0, 1], or the patience is below 1.</exception>
    public static PlateauSchedule ReduceOnPlateau(
        double rate,
        double factor = 0.1,
        int patience = 5,
        double least = 0,
        string name = "plateau"
    )
    {
        const string schedule = "reduce_on_plateau";
        if (patience < 1)
            throw new GraphException($"{schedule}: the patience must be at least 1 epoch; got {patience}. 5 is usual.");
        return new(
            Rate(schedule, rate),
            Factor(schedule, factor),
            patience,
            Rate(schedule, least, "least rate"),
            Named.Check(schedule, name)
        );
    }
}
