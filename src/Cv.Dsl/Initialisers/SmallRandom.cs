namespace Cv.Dsl;

/// <summary>Draws small random numbers: normal, mean 0, of one deviation whatever the layer's size (CS231n notes, "Setting up the Data and the Model").</summary>
/// <param name="Deviation">The standard deviation.</param>
public sealed record SmallRandomInitialiser(double Deviation) : Initialiser
{
    /// <inheritdoc/>
    protected override void Draw(Span<double> values, Shape shape, RandomStream random)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = Deviation * random.Normal(i);
    }
}

public abstract partial record Initialiser
{
    /// <inheritdoc cref="SmallRandomInitialiser"/>
    /// <exception cref="GraphException">The deviation is negative, NaN or infinite.</exception>
    public static Initialiser SmallRandom(double deviation = 0.01) =>
        double.IsFinite(deviation) && deviation >= 0
            ? new SmallRandomInitialiser(deviation)
            : throw new GraphException($"small_random: the deviation must be a finite number, at least 0; got {deviation}. 0.01 is usual.");
}
