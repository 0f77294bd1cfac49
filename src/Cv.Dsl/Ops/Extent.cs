namespace Cv.Dsl;

/// <summary>Gives the product of some dims as a scalar, so that a mean over a symbolic batch can be written before its size is known.</summary>
/// <param name="Of">The dims whose product is taken.</param>
/// <param name="DType">The dtype of the number, f32 or f64.</param>
public sealed record Extent(Shape Of, DType DType) : Leaf(new TensorType(DType, Shape.Scalar))
{
    /// <inheritdoc/>
    public override string Attributes => $" {Of}";

    /// <inheritdoc/>
    public override Op Bind(IReadOnlyDictionary<string, int> binding) => this with { Of = Of.Bind(binding) };

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result) =>
        result.Fill(Extents.Product(Of.Dims).Value);

    /// <summary>Is a constant as soon as the dims are numbers.</summary>
    public override Expr? Simplify(Expr y) => Of.IsKnown ? Expr.Const(Extents.Product(Of.Dims).Value, DType) : null;

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Of(new Extent([2, 3], DType.F32))];
}
