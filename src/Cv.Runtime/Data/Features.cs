using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Holds labelled examples as f32 numbers: images after whitening, histograms of gradients, the activations of a layer. Immutable: the tensor is not to be
/// written to any more.
/// </summary>
/// <example><code>
/// var hog = Features.Compute(Compile.Function(images.Hog()), new Batches(train, 500));
/// using var batches = new Batches(hog, size: 128, seed: 1);
/// </code></example>
public sealed class Features : Examples
{
    /// <summary>Makes a set of numbers and their labels.</summary>
    /// <param name="name">Names the set in messages.</param>
    /// <param name="x">The examples, f32[N, ...]; belongs to the set from now on.</param>
    /// <param name="labels">A class for each example, counted from 0.</param>
    /// <param name="classNames">The classes' names, in order.</param>
    /// <exception cref="DataException">There is not one label for each example, or a label names no class.</exception>
    /// <exception cref="ShapeException">The tensor is not f32, or a scalar.</exception>
    public Features(string name, Tensor x, byte[] labels, ImmutableArray<string> classNames)
        : this(name, x, (ReadOnlyMemory<byte>)labels, classNames) { }

    Features(string name, Tensor x, ReadOnlyMemory<byte> labels, ImmutableArray<string> classNames)
        : base(name, SampleOf(name, x), labels, classNames)
    {
        X = x;
        if (x.Shape[0].Value != labels.Length)
            throw new DataException(
                $"{name}: expected {x.Shape[0]} labels, one for each example of {x.Type}, found {labels.Length}. Give each example one label."
            );
        CheckLabels();
    }

    /// <summary>Gives every example: f32[N, ...]. Only to be read.</summary>
    public Tensor X { get; }

    /// <summary>Gives the values of the example at <paramref name="index"/>, row-major.</summary>
    public ReadOnlySpan<float> Example(int index) => X.AsSpan<float>().Slice(index * SampleSize, SampleSize);

    /// <summary>Gives examples as numbers: features as they are, bytes scaled, by <see cref="Scaling.Unit"/> unless said. Copies bytes to four times their size.</summary>
    /// <exception cref="ShapeException">The scaling is for images of another size, or the examples are features already and cannot be scaled.</exception>
    /// <example><code>var centred = Features.Of(train, Scaling.MeanImage(train));   // f32[50000,32,32,3]</code></example>
    public static Features Of(Examples examples, Scaling? scaling = null)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (examples is Features features && scaling is null)
            return features;
        var x = Tensor.Uninitialised([examples.Count, .. examples.SampleShape]);
        for (int i = 0; i < examples.Count; i++)
            examples.CopyTo(i, x.AsSpan<float>().Slice(i * examples.SampleSize, examples.SampleSize), scaling);
        return new(examples.Name, x, examples.Labels.ToArray(), examples.ClassNames);
    }

    /// <summary>
    /// Runs a function of "x" without parameters over every batch, and gathers its first output, f32[n, ...] for n examples, with the batches' labels:
    /// what a graph makes of images is computed once, and learnt from many times.
    /// </summary>
    /// <exception cref="BindingException">The batches do not fit the function.</exception>
    /// <exception cref="ShapeException">The output is not one f32 row for each example.</exception>
    /// <example><code>var hog = Features.Compute(Compile.Function(Expr.Input("x", ["N", 32, 32, 3]).Hog()), new Batches(train, 500));</code></example>
    public static Features Compute(IFunction function, Batches data) => Compute(function, ModelState.Empty, data);

    /// <summary>As <see cref="Compute(IFunction, Batches)"/>, of a function with parameters: a trained net's last layer but one gives features of another task.</summary>
    /// <inheritdoc cref="Compute(IFunction, Batches)"/>
    public static Features Compute(IFunction function, ModelState state, Batches data)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(data);
        Tensor? x = null;
        var labels = new byte[data.Data.Count];
        int done = 0;
        for (int index = 0; index < data.Count; index++)
        {
            var batch = data.Get(0, index);
            using var rows = function.Call(state, new Binding("x", batch.X))[0];
            if (rows.DType != DType.F32 || rows.Shape.Rank == 0 || rows.Shape[0].Value != batch.Count)
                throw new ShapeException(
                    $"features: the function must give one row for each example; got {rows.Type} for {batch.X.Type}. Give f32[N, ...] of \"x\"."
                );
            x ??= Tensor.Uninitialised(rows.Shape.With(0, labels.Length));
            rows.AsSpan<float>().CopyTo(x.AsSpan<float>()[(done * (rows.Size / batch.Count))..]);
            foreach (int label in batch.Labels.AsSpan<int>())
                labels[done++] = (byte)label;
        }
        return new(data.Data.Name, x!, labels, data.Data.ClassNames);
    }

    /// <summary>Gives other numbers to the same examples: labels, classes and name stay.</summary>
    /// <exception cref="DataException">The tensor has another number of rows.</exception>
    /// <exception cref="ShapeException">The tensor is not f32, or a scalar.</exception>
    public Features With(Tensor x) => new(Name, x, LabelsOf(0, Count), ClassNames);

    /// <summary>Gives the first <paramref name="count"/> examples; shares the memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The set has fewer examples, or the count is negative.</exception>
    public Features Take(int count) => Slice(0, Within(count, nameof(count)));

    /// <summary>Gives the first <paramref name="count"/> examples, and the rest; shares the memory where the rest begins on a 64-byte line.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The set has fewer examples, or the count is negative.</exception>
    public (Features First, Features Second) Split(int count) => (Slice(0, Within(count, nameof(count))), Slice(count, Count - count));

    /// <summary>Copies the examples at the given places, in that order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A place is not in the set.</exception>
    public Features Subset(IReadOnlyList<int> indices)
    {
        var labels = LabelsAt(indices);
        var x = Tensor.Uninitialised(X.Shape.With(0, labels.Length));
        for (int i = 0; i < labels.Length; i++)
            Example(indices[i]).CopyTo(x.AsSpan<float>()[(i * SampleSize)..]);
        return new(Name, x, labels, ClassNames);
    }

    /// <inheritdoc/>
    public override Examples Pick(IReadOnlyList<int> indices) => Subset(indices);

    private protected override void EachPiece(Action<ReadOnlySpan<byte>> take) => X.InPieces(piece => take(piece));

    /// <inheritdoc/>
    public override void CopyTo(int index, Span<float> target, Scaling? scaling = null)
    {
        if (scaling is not null)
            throw new ShapeException(
                $"features: a scaling turns bytes into numbers; got {scaling} for {this}, which are numbers. Scale the images, or use Standardisation."
            );
        if (target.Length != SampleSize)
            throw new ShapeException($"features: the target must hold one example; got {target.Length} for {this}. Give {SampleSize}.");
        Example(index).CopyTo(target);
    }

    Features Slice(int start, int count) => new(Name, X.Rows(start, count), LabelsOf(start, count), ClassNames);

    static Shape SampleOf(string name, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.DType == DType.F32 && x.Shape.Rank > 0
            ? new Shape(x.Shape.Dims[1..])
            : throw new ShapeException($"{name}: features must be f32[N, ...]; got {x.Type}. Cast it, or reshape it.");
    }
}
