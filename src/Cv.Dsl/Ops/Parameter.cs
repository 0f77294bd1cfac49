namespace Cv.Dsl;

/// <summary>Stands for a trained value: it lives between calls, starts from its initialiser, and an optimiser replaces it.</summary>
/// <param name="Identity">The layer, or what a chosen name stands for.</param>
/// <param name="Part">What stands behind the layer's name: ".w".</param>
/// <param name="Type">The dtype and shape, all known.</param>
/// <param name="Initialiser">Makes the first value.</param>
public sealed record Parameter(Identity Identity, string Part, TensorType Type, Initialiser Initialiser) : Named(Identity, Part, Type)
{
    /// <summary>Makes a parameter of a chosen name; equal names share one value.</summary>
    public Parameter(string id, TensorType type, Initialiser initialiser)
        : this(Identity.Of(id), "", type, initialiser) { }

    /// <summary>Tells whether penalties, weight decay and max-norm apply to it: where its name ends in ".w". Biases are left alone (CS231n notes, "Regularization").</summary>
    public bool IsWeight => Id.EndsWith(".w", StringComparison.Ordinal);
}

public sealed partial class Expr
{
    /// <summary>Makes a parameter of known shape, zero at first unless an initialiser is given; f32 unless said otherwise. The same name is the same parameter.</summary>
    /// <example><code>Expr w = Expr.Parameter("w", [784, 10], Initialiser.He);</code></example>
    /// <exception cref="GraphException">The name is empty, or a dim is symbolic, or the dtype is not f32 or f64.</exception>
    public static Expr Parameter(string name, Shape shape, Initialiser? initialiser = null, DType dtype = DType.F32) =>
        Parameter(Identity.Of(Named.Check("parameter", name)), "", name, shape, initialiser, dtype);

    /// <summary>Makes a parameter that is a part of a layer, by whose name and the part's it goes: "dense1.w".</summary>
    /// <param name="layer">The layer's identity, by <see cref="Identity.New"/>.</param>
    /// <param name="part">What it is of the layer; weights, to which a penalty applies, are "w".</param>
    /// <param name="shape">The shape, all known.</param>
    /// <param name="initialiser">Makes the first value; zeros if none is given.</param>
    /// <param name="dtype">f32 unless said otherwise.</param>
    /// <example><code>Expr factor = Expr.Parameter(Identity.New("scaled", name), "factor", [1, 10], Initialiser.Ones);</code></example>
    /// <exception cref="GraphException">The part's name is empty, or a dim is symbolic, or the dtype is not f32 or f64.</exception>
    public static Expr Parameter(Identity layer, string part, Shape shape, Initialiser? initialiser = null, DType dtype = DType.F32)
    {
        ArgumentNullException.ThrowIfNull(layer);
        Named.Check("parameter", part);
        return Parameter(layer, "." + part, $"{layer}.{part}", shape, initialiser, dtype);
    }

    static Expr Parameter(Identity layer, string part, string name, Shape shape, Initialiser? initialiser, DType dtype)
    {
        var type = new TensorType(dtype, shape);
        if (!shape.IsKnown)
            throw new ShapeException($"parameter: \"{name}\" must have known dims; got {type}. Only inputs may have symbolic dims.");
        if (!dtype.IsFloat())
            throw new ShapeException($"parameter: \"{name}\" must be f32 or f64; got {type}. Train floats, or make it an input.");
        var (identity, of) = layer.At(part);
        var parameter = new Parameter(identity, of, type, initialiser ?? Initialiser.Zeros);
        layer.Claim(parameter);
        return Of(parameter);
    }
}
