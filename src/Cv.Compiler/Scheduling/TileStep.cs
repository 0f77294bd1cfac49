using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Says where a tile's epilogue finds an operand's element.</summary>
enum TilePlace
{
    /// <summary>At the product's own row and column.</summary>
    Element,

    /// <summary>By column: one value for all rows, as a bias has.</summary>
    Column,

    /// <summary>By row: one value for all columns.</summary>
    Row,

    /// <summary>At the start: one value for all.</summary>
    One,
}

/// <summary>
/// Sums products in register tiles, and applies an elementwise epilogue to each tile while it is in registers. The result is a matrix to it:
/// all dims but the last are its rows.
/// </summary>
abstract class TileStep : Step
{
    protected TileStep(Expr product)
    {
        Product = product;
        Members.Add(product);
        Roles[product] = Role.Full;
        Lane = product.DType;
    }

    /// <summary>Gives the node whose sums the tiles hold.</summary>
    public Expr Product { get; }

    /// <summary>Gives the nodes whose buffers are multiplied.</summary>
    public abstract IReadOnlyList<Expr> Factors { get; }

    /// <summary>Names the nodes that are fused with the product, as kernels' names do.</summary>
    public string Epilogue => string.Concat(Members.Skip(1).Select(m => "+" + m.Op.Name));

    /// <summary>Tells whether the tiles can have the elements of an operand of a node of a shape: the product's, or one that is the same matrix.</summary>
    public virtual bool Takes(Expr operand, Shape full) => PlaceOf(operand, full) is not null;

    /// <summary>Finds where an operand's elements stand for each element of a node that is computed in tiles; null where no tile can have them.</summary>
    public static TilePlace? PlaceOf(Expr operand, Shape full)
    {
        var shape = operand.Shape;
        if (operand.Op is Iota iota && !shape[iota.Axis].IsOne && iota.Axis != full.Rank - 1 && full.Rank > 2)
            return null;
        if (shape == full)
            return TilePlace.Element;
        if (shape.Size == 1)
            return TilePlace.One;
        if (shape.Rank != full.Rank)
            return null;
        if (shape.Dims[^1] == full.Dims[^1] && shape.Size == shape.Dims[^1].Value)
            return TilePlace.Column;
        return shape.Dims[^1].IsOne && shape.Dims[..^1].SequenceEqual(full.Dims[..^1]) ? TilePlace.Row : null;
    }

    /// <inheritdoc/>
    protected override IEnumerable<Expr> Operands() =>
        [.. Factors.Except(Computed), .. Members.Where(m => m != Product).SelectMany(m => m.Operands)];
}

/// <summary>Multiplies matrices.</summary>
sealed class GemmStep : TileStep
{
    public GemmStep(Expr product)
        : base(product)
    {
        (A, TransposeA) = Fold(product.Operands[0]);
        (B, TransposeB) = Fold(product.Operands[1]);
    }

    public Expr A { get; }
    public Expr B { get; }
    public bool TransposeA { get; }
    public bool TransposeB { get; }

    /// <summary>Tells that the product is A^T B of few columns, whose tiles lie on their side: an epilogue sees a run of elements, not rows and columns.</summary>
    public bool IsNarrow =>
        TransposeA
        && !TransposeB
        && Product.Shape is { Rank: 2 } shape
        && shape[1].Value is < 16 and not 8
        && shape[0].Value >= 64
        && A.Shape[0].Value > 0;

    /// <inheritdoc/>
    public override IReadOnlyList<Expr> Factors => [A, B];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Copied =>
        A == B || IsNarrow ? []
        : TransposeB ? [A]
        : [A, B];

    /// <summary>Counts the elements of a factor that follow each other before the next row of it, or column where it is transposed, begins.</summary>
    public int LineOf(Expr factor) =>
        factor == B ? Product.Shape.Dims[^1].Value
        : TransposeA ? Product.Shape.Dims[^2].Value
        : Product.Operands[0].Shape.Dims[^1].Value;

    /// <inheritdoc/>
    public override bool Feeds(Expr factor, Expr operand) =>
        operand.Op is not Iota && Geometry.ColumnStride(operand, factor.Shape, LineOf(factor)) is not null;

    /// <inheritdoc/>
    public override Expr Tiled => Product;

    /// <inheritdoc/>
    public override bool Takes(Expr operand, Shape full) =>
        IsNarrow ? operand.Op is not Iota && PlaceOf(operand, full) is TilePlace.Element or TilePlace.One : base.Takes(operand, full);

    /// <summary>Tells whether a transposition is one that a product reads in place: of the last two axes.</summary>
    public static bool IsFoldable(Expr e) => e is (Transpose(var order), _) && SwapsLastTwo(order);

    static (Expr, bool) Fold(Expr operand) =>
        IsFoldable(operand) ? (Geometry.Source(operand.Operands[0]), true) : (Geometry.Source(operand), false);

    static bool SwapsLastTwo(Ints order)
    {
        for (int i = 0; i < order.Count - 2; i++)
            if (order[i] != i)
                return false;
        return order.Count >= 2 && order[order.Count - 1] == order.Count - 2;
    }
}

/// <summary>Convolves images with filters, forward or back to the input: tiles of a row's pixels by channels.</summary>
sealed class ConvStep(Expr product) : TileStep(product)
{
    public Expr Image { get; } = Geometry.Source(product.Operands[0]);
    public Expr Filters { get; } = Geometry.Source(product.Operands[1]);

    /// <inheritdoc/>
    public override IReadOnlyList<Expr> Factors => [Image, Filters];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Copied => Image == Product.Operands[0] && Image != Filters ? [Image] : [];

    /// <inheritdoc/>
    public override bool Feeds(Expr factor, Expr operand) => operand.Op is not Iota;

    /// <inheritdoc/>
    public override Expr Tiled => Product;
}

/// <summary>Finds the gradient of a convolution's filters: tiles of taps and channels by channels, over all pixels; then what is made of the gradient.</summary>
sealed class ConvWeightsStep(Expr product) : TileStep(product)
{
    public Expr Image { get; } = Geometry.Source(product.Operands[0]);
    public Expr Cotangent { get; } = Geometry.Source(product.Operands[1]);

    /// <inheritdoc/>
    public override IReadOnlyList<Expr> Factors => [Image, Cotangent];

    /// <inheritdoc/>
    public override IEnumerable<Expr> Copied => Product.Operands.Where(o => o == Image || o == Cotangent);

    /// <inheritdoc/>
    public override bool Feeds(Expr factor, Expr operand) =>
        operand.Op is not Iota && (factor != Cotangent || PlaceOf(operand, factor.Shape) is not null);

    /// <inheritdoc/>
    public override Expr Tiled => Product;
}

/// <summary>Walks the windows of an image: pools, and their adjoints. Each element of the result is a tile of its own.</summary>
sealed class PoolStep : TileStep
{
    public PoolStep(Expr product)
        : base(product)
    {
        Factors = [.. product.Operands.Select(Geometry.Source).Distinct()];
        IsOnce = product.Op switch
        {
            MaxPool2dInput op => Tiles(op.Y, product, 1, 1) && Tiles(op.X, product, 1, 2),
            SumPool2dInput op => Tiles(op.Y, product, 0, 1) && Tiles(op.X, product, 0, 2),
            MaxPool2d or SumPool2d => true,
            var other => throw new InvalidOperationException($"pool: no kernel for {other.Name}."),
        };
        IsClosed = !IsOnce;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Expr> Factors { get; }

    /// <summary>Tells that each element of the result is known at once, and not added up from windows that overlap or leave gaps.</summary>
    public bool IsOnce { get; }

    static bool Tiles(Window window, Expr product, int windows, int axis) =>
        window.Size == window.Stride
        && window is { Low: 0, Dilation: 1 }
        && (long)product.Operands[windows].Shape[axis].Value * window.Stride == product.Shape[axis].Value;
}
