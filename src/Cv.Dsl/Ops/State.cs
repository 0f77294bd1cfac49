namespace Cv.Dsl;

/// <summary>Stands for a value that lives between calls and is not trained: an optimiser's moment, a step counter.</summary>
/// <param name="Identity">The layer, or what a chosen name stands for, or what an optimiser keeps.</param>
/// <param name="Part">What stands behind the layer's name: ".mean".</param>
/// <param name="Type">The dtype and shape, all known.</param>
/// <param name="Fill">The first value of every element.</param>
public sealed record State(Identity Identity, string Part, TensorType Type, double Fill) : Named(Identity, Part, Type)
{
    /// <summary>Makes a state of a chosen name; equal names share one value.</summary>
    public State(string id, TensorType type, double fill)
        : this(Identity.Of(id), "", type, fill) { }
}

public sealed partial class Expr
{
    /// <summary>Makes a state of known shape whose elements start as <paramref name="fill"/>. The same name is the same state.</summary>
    /// <exception cref="GraphException">The name is empty, or a dim is symbolic.</exception>
    public static Expr State(string name, Shape shape, double fill = 0, DType dtype = DType.F32) =>
        State(Identity.Of(Named.Check("state", name)), "", name, shape, fill, dtype);

    /// <summary>Makes a state that is a part of a layer, by whose name and the part's it goes: "batchnorm1.mean".</summary>
    /// <param name="layer">The layer's identity, by <see cref="Identity.New"/>.</param>
    /// <param name="part">What it is of the layer.</param>
    /// <param name="shape">The shape, all known.</param>
    /// <param name="fill">The first value of every element.</param>
    /// <param name="dtype">f32 unless said otherwise.</param>
    /// <example><code>Expr step = Expr.State(Identity.New("noise", name), "step", [], 0, DType.I32);</code></example>
    /// <exception cref="GraphException">The part's name is empty, or a dim is symbolic.</exception>
    public static Expr State(Identity layer, string part, Shape shape, double fill = 0, DType dtype = DType.F32)
    {
        ArgumentNullException.ThrowIfNull(layer);
        Named.Check("state", part);
        return State(layer, "." + part, $"{layer}.{part}", shape, fill, dtype);
    }

    /// <summary>Makes a state that an optimiser or a schedule keeps: of that object alone.</summary>
    /// <param name="owner">The optimiser or schedule.</param>
    /// <param name="of">What it is kept for.</param>
    /// <param name="part">What stands behind the name of that.</param>
    /// <param name="fix">Says how to give another owner of such a state a name of its own.</param>
    /// <param name="type">The dtype and shape, all known.</param>
    /// <param name="fill">The first value of every element.</param>
    internal static Expr OwnedState(object owner, Identity of, string part, string fix, TensorType type, double fill) =>
        State(new OwnedIdentity(owner, of, part, fix), "", of + part, type.Shape, fill, type.DType);

    static Expr State(Identity layer, string part, string name, Shape shape, double fill, DType dtype)
    {
        var type = new TensorType(dtype, shape);
        if (!shape.IsKnown)
            throw new ShapeException($"state: \"{name}\" must have known dims; got {type}. Only inputs may have symbolic dims.");
        var (identity, of) = layer.At(part);
        var state = new State(identity, of, type, fill);
        layer.Claim(state);
        return Of(state);
    }
}
