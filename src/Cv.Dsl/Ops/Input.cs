namespace Cv.Dsl;

/// <summary>Stands for a value given at each call, by name.</summary>
public sealed record Input : Named
{
    /// <summary>Makes an input.</summary>
    /// <param name="id">The name it is bound by.</param>
    /// <param name="type">The dtype and shape; symbols in it are bound by the value given.</param>
    public Input(string id, TensorType type)
        : base(Identity.Of(id), "", type) { }
}

public sealed partial class Expr
{
    /// <summary>Makes an input: a value given by name at each call. f32 unless said otherwise.</summary>
    /// <example><code>Expr x = Expr.Input("x", ["N", 784]), labels = Expr.Input("labels", ["N"], DType.I32);</code></example>
    /// <exception cref="GraphException">The name is empty.</exception>
    public static Expr Input(string name, Shape shape, DType dtype = DType.F32) =>
        Of(new Input(Named.Check("input", name), new(dtype, shape)));
}
