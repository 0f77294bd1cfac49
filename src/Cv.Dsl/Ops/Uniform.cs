namespace Cv.Dsl;

/// <summary>
/// Draws each element evenly from [0, 1), in steps of 2^-24 (f32) or 2^-32 (f64). The operand, a scalar i32, counts the steps: another count gives other numbers, and the
/// same count the same ones, on every machine, at every vector width and for any number of threads. No gradient flows.
/// </summary>
/// <param name="Type">The dtype, f32 or f64, and the shape.</param>
/// <param name="Stream">Whose numbers they are: two draws of one stream and one count are the same numbers.</param>
/// <param name="Part">What stands behind the stream's name, where a layer draws several: "/rows".</param>
/// <remarks>
/// Philox2x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011). Elements 2 i and 2 i + 1, counted row-major, are the two words
/// of the block whose counter is (i, count); f32 takes the upper 24 bits of a word, and so is the f64 number rounded down.
/// </remarks>
public sealed record Uniform(TensorType Type, Identity Stream, string Part = "") : Op
{
    /// <summary>Gives the key of Philox, by which the numbers are drawn: one that was chosen, or else the hash of the stream's name.</summary>
    /// <exception cref="GraphException">The stream has no name yet: no graph or model was made of it.</exception>
    public uint Key => Stream.KeyOf(Part);

    /// <inheritdoc/>
    public override string Attributes => Stream.Name is null ? $" key of {Stream}{Part}" : $" key {Key:x8}";

    /// <summary>Gives the declared type; the count must be a scalar i32.</summary>
    public override TensorType Infer(ReadOnlySpan<TensorType> operands)
    {
        if (operands[0] != new TensorType(DType.I32, Shape.Scalar))
            throw new ShapeException(
                $"{Name}: the count of steps must be a scalar, i32[]; got {operands[0]}. Make it a state: Expr.State(\"step\", [], 0, DType.I32)?"
            );
        if (!Type.DType.IsFloat())
            throw new ShapeException($"{Name}: the numbers must be f32 or f64; got {Type}. Compare or cast them: Uniform(...) < 0.5?");
        return Type;
    }

    /// <inheritdoc/>
    public override Op Bind(IReadOnlyDictionary<string, int> binding) =>
        this with
        {
            Type = Type with { Shape = Type.Shape.Bind(binding) },
        };

    /// <inheritdoc/>
    public override void Evaluate(Expr y, ReadOnlySpan<double[]> operands, Span<double> result)
    {
        uint step = unchecked((uint)(int)operands[0][0]);
        for (int i = 0; i < result.Length; i++)
        {
            var (even, odd) = Philox.DrawTwo((uint)i >> 1, step, Key);
            uint word = i % 2 == 0 ? even : odd;
            result[i] = Type.DType == DType.F32 ? Math.ScaleB(word >> 8, -24) : Math.ScaleB(word, -32);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<Expr> Samples()
    {
        var step = Expr.Input("step", [], DType.I32);
        return [Expr.Uniform([4, 7], step, key: 1), Expr.Uniform([3, 8], step, key: 2, DType.F64)];
    }
}

public sealed partial class Expr
{
    /// <inheritdoc cref="Dsl.Uniform"/>
    /// <param name="shape">The shape, which may have symbols.</param>
    /// <param name="step">The count of steps, i32[].</param>
    /// <param name="key">Chooses the stream.</param>
    /// <param name="dtype">f32 unless said otherwise.</param>
    /// <example><code>
    /// Expr step = Expr.State("step", [], 0, DType.I32);
    /// Expr noisy = x + 0.1f * Expr.Uniform(x.Shape, step, key: 7);
    /// </code></example>
    /// <exception cref="ShapeException">The count is not i32[], or the dtype not a float's.</exception>
    public static Expr Uniform(Shape shape, Expr step, uint key, DType dtype = DType.F32) =>
        Of(new Uniform(new(dtype, shape), new NumberedStream(key)), step);

    /// <summary>Draws from the stream of a layer.</summary>
    /// <inheritdoc cref="Dsl.Uniform"/>
    /// <param name="shape">The shape, which may have symbols.</param>
    /// <param name="step">The count of steps, i32[].</param>
    /// <param name="layer">The layer's identity, by <see cref="Identity.New"/>: the numbers come from its name.</param>
    /// <param name="part">Tells the streams of one layer apart.</param>
    /// <param name="dtype">f32 unless said otherwise.</param>
    /// <example><code>Expr noise = Expr.Uniform(x.Shape, step, Identity.New("noise", name));</code></example>
    /// <exception cref="ShapeException">The count is not i32[], or the dtype not a float's.</exception>
    public static Expr Uniform(Shape shape, Expr step, Identity layer, string part = "", DType dtype = DType.F32)
    {
        ArgumentNullException.ThrowIfNull(layer);
        var (stream, of) = layer.At(part.Length == 0 ? "" : "/" + part);
        return Of(new Uniform(new(dtype, shape), stream, of), step);
    }
}
