namespace Cv.Dsl;

/// <summary>Draws normal numbers of mean 0 and deviation sqrt(2 / fan_in): keeps the variance of values from layer to layer through ReLU gates.</summary>
/// <remarks>
/// He, Zhang, Ren and Sun, "Delving Deep into Rectifiers" (2015), equation 10; the CS231n notes recommend it. The fan-in is the product of all
/// dims but the last.
/// </remarks>
public sealed record HeInitialiser : Initialiser
{
    /// <inheritdoc/>
    protected override void Draw(Span<double> values, Shape shape, RandomStream random)
    {
        double deviation = Math.Sqrt(2 / FanIn(shape));
        for (int i = 0; i < values.Length; i++)
            values[i] = deviation * random.Normal(i);
    }
}

public abstract partial record Initialiser
{
    /// <inheritdoc cref="HeInitialiser"/>
    public static Initialiser He { get; } = new HeInitialiser();
}
