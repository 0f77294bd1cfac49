namespace Cv.Dsl;

/// <summary>Stands for a trained value: it lives between calls, starts from its initialiser, and an optimiser replaces it.</summary>
/// <param name="Id">The name, unique in a graph; equal names share one value.</param>
/// <param name="Type">The dtype and shape, all known.</param>
/// <param name="Initialiser">Makes the first value.</param>
public sealed record Parameter(string Id, TensorType Type, Initialiser Initialiser) : Named(Id, Type)
{
    /// <summary>Tells whether penalties, weight decay and max-norm apply to it: where its name ends in ".w". Biases are left alone (CS231n notes, "Regularization").</summary>
    public bool IsWeight => Id.EndsWith(".w", StringComparison.Ordinal);
}

public sealed partial class Expr
{
    /// <summary>Makes a parameter of known shape, zero at first unless an initialiser is given; f32 unless said otherwise.</summary>
    /// <example><code>Expr w = Expr.Parameter("w", [784, 10], Initialiser.He);</code></example>
    /// <exception cref="GraphException">The name is empty, or a dim is symbolic, or the dtype is not f32 or f64.</exception>
    public static Expr Parameter(string name, Shape shape, Initialiser? initialiser = null, DType dtype = DType.F32)
    {
        var type = new TensorType(dtype, shape);
        if (!shape.IsKnown)
            throw new ShapeException($"parameter: \"{name}\" must have known dims; got {type}. Only inputs may have symbolic dims.");
        if (!dtype.IsFloat())
            throw new ShapeException($"parameter: \"{name}\" must be f32 or f64; got {type}. Train floats, or make it an input.");
        return Of(new Parameter(Named.Check("parameter", name), type, initialiser ?? Initialiser.Zeros));
    }
}
