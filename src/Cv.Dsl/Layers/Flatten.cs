namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>Lays out each example as one row, in row-major order: [N, ...] becomes [N, features]. Moves nothing.</summary>
    /// <example><code>Expr rows = images.Flatten();   // f32[N,28,28,1] -> f32[N,784]</code></example>
    /// <exception cref="ShapeException">The operand is a scalar, or a dim other than the first is a symbol.</exception>
    public static Expr Flatten(this Expr x)
    {
        if (x.Shape.Rank == 0 || !new Shape(x.Shape.Dims[1..]).IsKnown)
            throw new ShapeException(
                $"flatten: there must be a first dim, and the others be known; got {x.Type}. Give all dims but the batch numbers."
            );
        return x.Reshape(new Shape(x.Shape[0], new Shape(x.Shape.Dims[1..]).Size));
    }

    /// <inheritdoc cref="Flatten(Expr)"/>
    public static Model Flatten(this Model model) => model.ThenVerb("flatten", Flatten);
}
