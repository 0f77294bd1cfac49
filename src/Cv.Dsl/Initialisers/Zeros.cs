namespace Cv.Dsl;

/// <summary>Starts from zeros: right for biases; weights that all start equal would all stay equal.</summary>
public sealed record ZerosInitialiser : Initialiser
{
    /// <inheritdoc/>
    protected override void Draw(Span<double> values, Shape shape, RandomStream random) => values.Clear();
}

public abstract partial record Initialiser
{
    /// <inheritdoc cref="ZerosInitialiser"/>
    public static Initialiser Zeros { get; } = new ZerosInitialiser();
}
