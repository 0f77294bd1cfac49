namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Maps rows of features to rows of <paramref name="outputs"/>: x W + b, [N, in] to [N, out], with parameters of its own: "name.w" [in, out] and
    /// "name.b" [1, out], in the dtype of <paramref name="x"/>.
    /// </summary>
    /// <param name="x">The rows, f32 or f64.</param>
    /// <param name="outputs">The number of columns of the result, at least 1.</param>
    /// <param name="name">The name that both parameters begin with; layers of one name share their parameters.</param>
    /// <param name="weights">Draws the first weights; <see cref="Initialiser.He"/> if none is given.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <example><code>Expr scores = x.Linear(10, "scores");   // f32[N,784] -> f32[N,10]</code></example>
    /// <exception cref="ShapeException">The input is not a matrix of floats with a known number of columns, or there are no outputs.</exception>
    public static Expr Linear(this Expr x, int outputs, string name, Initialiser? weights = null, Initialiser? biases = null) =>
        x.Linear(outputs, Identity.Of(name), weights, biases);

    static Expr Linear(this Expr x, int outputs, Identity layer, Initialiser? weights, Initialiser? biases)
    {
        if (x.Shape.Rank != 2 || !x.Shape[1].IsKnown || !x.DType.IsFloat())
            throw new ShapeException(
                $"linear: \"{NameTable.NameBehind(x, layer)}\" needs rows of features, f32 or f64 [N, in] with in known; got {x.Type}. {FixRows(x.Shape)}"
            );
        if (outputs < 1)
            throw new ShapeException(
                $"linear: \"{NameTable.NameBehind(x, layer)}\" must have at least one output; got {outputs}. Give the number of columns."
            );
        var w = Expr.Parameter(layer, "w", [x.Shape[1], outputs], weights ?? Initialiser.He, x.DType);
        var b = Expr.Parameter(layer, "b", [1, outputs], biases ?? Initialiser.Zeros, x.DType);
        return x.MatMul(w) + b;
    }

    static string FixRows(Shape shape) =>
        shape.Rank switch
        {
            > 2 => "Flatten it first: .Flatten()?",
            < 2 => "Reshape it first: .Reshape(-1, 1)?",
            _ => "Give the columns a number, and cast integers: .Cast(DType.F32)?",
        };
}
