namespace Cv.Dsl;

/// <summary>Makes every element one number.</summary>
/// <param name="Value">The number.</param>
public sealed record ConstantInitialiser(double Value) : Initialiser
{
    /// <inheritdoc/>
    protected override void Draw(Span<double> values, Shape shape, RandomStream random) => values.Fill(Value);
}

public abstract partial record Initialiser
{
    /// <inheritdoc cref="ConstantInitialiser"/>
    /// <example><code>Expr slope = Expr.Parameter("slope", [1, 64], Initialiser.Constant(0.25));</code></example>
    /// <exception cref="GraphException">The number is NaN or infinite.</exception>
    public static Initialiser Constant(double value) =>
        double.IsFinite(value)
            ? new ConstantInitialiser(value)
            : throw new GraphException($"constant: the number must be finite; got {value}. 0.25 is usual for the slopes of a PReLU.");
}
