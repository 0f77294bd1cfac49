namespace Cv.Dsl;

/// <summary>Stands for a value that lives between calls and is not trained: an optimiser's moment, a step counter.</summary>
/// <param name="Id">The name, unique in a graph.</param>
/// <param name="Type">The dtype and shape, all known.</param>
/// <param name="Fill">The first value of every element.</param>
public sealed record State(string Id, TensorType Type, double Fill) : Named(Id, Type);

public sealed partial class Expr
{
    /// <summary>Makes a state of known shape whose elements start as <paramref name="fill"/>.</summary>
    /// <exception cref="GraphException">The name is empty, or a dim is symbolic.</exception>
    public static Expr State(string name, Shape shape, double fill = 0, DType dtype = DType.F32)
    {
        var type = new TensorType(dtype, shape);
        if (!shape.IsKnown)
            throw new ShapeException($"state: \"{name}\" must have known dims; got {type}. Only inputs may have symbolic dims.");
        return Of(new State(Named.Check("state", name), type, fill));
    }
}
