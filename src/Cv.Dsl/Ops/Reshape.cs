using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>Reads the same elements, in row-major order, as another shape. Moves nothing.</summary>
/// <param name="To">The new shape: as many elements, and the same symbols.</param>
public sealed record Reshape(Shape To) : Movement
{
    /// <inheritdoc/>
    public override string Attributes => $" {To}";

    /// <summary>Checks that the element counts agree.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        var (from, to) = (Count(operands[0].Shape), Count(To));
        if (from != to)
            throw new ShapeException(
                $"{Name}: the number of elements must stay; got {operands[0]} ({from.Text()}) to {To} ({to.Text()}). Leave one dim to be found: -1?"
            );
        return operands[0] with { Shape = To };
    }

    /// <inheritdoc/>
    public override Op Bind(IReadOnlyDictionary<string, int> binding) => new Reshape(To.Bind(binding));

    /// <inheritdoc/>
    protected internal override int[] Sources(Shape from, Shape to) => [.. Enumerable.Range(0, to.Size)];

    /// <inheritdoc/>
    public override ImmutableArray<Expr?> Vjp(Expr y, Expr dy) => [dy.Reshape(y.Operands[0].Shape)];

    /// <inheritdoc/>
    public override Expr? MaskOfOperand(Expr y, int operand, Expr? mask) => MovedBack(y, mask);

    /// <inheritdoc/>
    public override Expr? Batch(Expr y, ImmutableArray<Expr> operands, ImmutableArray<bool> batched) =>
        operands[0].Reshape(Batching.Of(operands[0].Shape[0], To));

    /// <inheritdoc/>
    public override Expr? Simplify(Expr y) =>
        y switch
        {
            (_, [var x]) when x.Shape == y.Shape => x, // a reshape to the same shape
            (_, [(Reshape, [var x])]) => x.Reshape(To), // the last reshape decides
            (_, [(Broadcast, [{ Shape.Rank: 0 } x])]) => x.BroadcastTo(To), // a repeated scalar has any shape
            _ => null,
        };

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples() => [Expr.Input("x", [2, 3]).Reshape(3, 2), Expr.Input("x", [2, 3]).Reshape(-1)];

    internal static ElementCount Count(Shape shape)
    {
        Extents numbers = 1;
        bool isEmpty = false;
        var symbols = new List<string>();
        foreach (var dim in shape)
            if (dim == 0)
                isEmpty = true;
            else if (dim.IsKnown)
                numbers = isEmpty ? numbers : numbers * dim;
            else
                symbols.Add(dim.Symbol!);
        symbols.Sort(StringComparer.Ordinal);
        return new(isEmpty ? 0 : numbers.Value, string.Join('*', symbols));
    }

    internal readonly record struct ElementCount(long Numbers, string Symbols)
    {
        public string Text() =>
            Symbols.Length == 0 ? $"{Numbers}"
            : Numbers == 1 ? Symbols
            : $"{Numbers}*{Symbols}";
    }
}

public static partial class Verbs
{
    /// <summary>Reads the elements, in row-major order, as <paramref name="to"/>.</summary>
    public static Expr Reshape(this Expr x, Shape to) => x.Shape == to ? x : Expr.Of(new Reshape(to), x);

    /// <summary>Reads the elements as the given dims; one of them may be -1 and is found from the others.</summary>
    /// <example><code>Expr flat = images.Reshape(-1, 784);   // f32[N,28,28] -> f32[N,784]</code></example>
    /// <exception cref="ShapeException">Two dims are -1, or the missing one is not a whole number or a single symbol.</exception>
    public static Expr Reshape(this Expr x, params int[] dims)
    {
        int at = Array.IndexOf(dims, -1);
        if (at < 0)
            return x.Reshape(Shape.Of(dims));
        if (Array.LastIndexOf(dims, -1) != at)
            throw new ShapeException($"reshape: at most one dim may be -1; got ({ErrorText.List(dims)}) for {x.Type}. Give all but one.");
        var count = Dsl.Reshape.Count(x.Shape);
        var (numbers, symbols) = count;
        long rest = Extents.Product([.. dims.Where(d => d != -1).Select(d => new Dim(d))]).Value;
        bool fits = rest != 0 && numbers % rest == 0 && (symbols.Length == 0 || (numbers == rest && !symbols.Contains('*')));
        if (!fits)
            throw new ShapeException(
                $"reshape: the missing dim must be a whole number or one symbol; got {x.Type} ({count.Text()}) to ({ErrorText.List(dims)}). {(symbols.Length == 0 ? "Choose dims that divide it." : "Give every dim, as a Shape with its symbols.")}"
            );
        Dim found =
            symbols.Length == 0 ? new Dim(new Extents(numbers / rest).Fit("reshape", $"the missing dim of {x.Type}")) : new Dim(symbols);
        return x.Reshape(new Shape([.. dims.Select((d, i) => i == at ? found : new Dim(d))]));
    }
}
