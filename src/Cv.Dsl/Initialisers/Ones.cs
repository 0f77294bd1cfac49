namespace Cv.Dsl;

/// <summary>Starts from ones: right for factors that should change nothing at first.</summary>
public sealed record OnesInitialiser : Initialiser
{
    /// <inheritdoc/>
    protected override void Draw(Span<double> values, Shape shape, RandomStream random) => values.Fill(1);
}

public abstract partial record Initialiser
{
    /// <inheritdoc cref="OnesInitialiser"/>
    public static Initialiser Ones { get; } = new OnesInitialiser();
}
