namespace Cv.Dsl;

/// <summary>Joins an element type and a shape: what is known of a tensor before any number is.</summary>
/// <param name="DType">The element type.</param>
/// <param name="Shape">The extents, outermost first.</param>
public readonly record struct TensorType(DType DType, Shape Shape)
{
    /// <summary>Prints as dumps and messages do: f32[N,784], and f32[] for a scalar.</summary>
    public override string ToString() => DType.Text() + Shape;
}
