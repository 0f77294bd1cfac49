namespace Cv.Runtime;

/// <summary>
/// Holds one mini-batch, ready to be bound: "x" f32[n, ...] and "labels" i32[n]. The tensors of a batch that <see cref="Batches"/> made
/// belong to it and are filled anew for the next one.
/// </summary>
public sealed class Batch
{
    readonly Binding[] _inputs;

    /// <summary>Binds images and their classes, n of each.</summary>
    public Batch(Tensor x, Tensor labels)
    {
        (X, Labels) = (x, labels);
        _inputs = [new("x", x), new("labels", labels)];
    }

    /// <summary>Gives the images, scaled, or the features: f32[n, ...].</summary>
    public Tensor X { get; }

    /// <summary>Gives the classes: i32[n].</summary>
    public Tensor Labels { get; }

    /// <summary>Counts the images: n.</summary>
    public int Count => Labels.Size;

    /// <summary>Gives the bindings for a call: "x" and "labels". The array is shared, so do not write to it.</summary>
    public Binding[] Inputs() => _inputs;
}
