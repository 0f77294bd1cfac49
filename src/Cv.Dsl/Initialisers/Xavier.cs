namespace Cv.Dsl;

/// <summary>
/// Draws evenly from (-a, a), a = sqrt(6 / (fan_in + fan_out)), a variance of 2 / (fan_in + fan_out): keeps the variance of values going forward and of
/// gradients going back, for gates that are linear near 0, such as tanh.
/// </summary>
/// <remarks>
/// The normalized initialization, equation 16, of Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
/// networks" (2010). For [in, out] the fans are in and out; dims before these, a filter's height and width, multiply both.
/// </remarks>
public sealed record XavierInitialiser : Initialiser
{
    /// <inheritdoc/>
    protected override void Draw(Span<double> values, Shape shape, RandomStream random)
    {
        double bound = Math.Sqrt(6 / (FanIn(shape) + FanOut(shape)));
        for (int i = 0; i < values.Length; i++)
            values[i] = bound * (2 * random.Uniform(i) - 1);
    }
}

public abstract partial record Initialiser
{
    /// <inheritdoc cref="XavierInitialiser"/>
    public static Initialiser Xavier { get; } = new XavierInitialiser();
}
