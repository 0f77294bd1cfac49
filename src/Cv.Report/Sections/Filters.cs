using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>
/// Shows the filters of a convolutional layer, or the weights of a fully connected one that reads pixels, as images. A first layer's filters are
/// shown in colour or grey; those of a deeper layer, of many channels, by their mean over channels. All are stretched by one scale, from the smallest
/// weight of the layer to the largest.
/// </summary>
/// <param name="state">The parameters.</param>
/// <param name="weights">Names the weights: [size, size, channels, filters], such as "conv1.w"; or [pixels, units] with an image shape.</param>
/// <param name="image">The shape that one column of [pixels, units] has, [height, width, 1 or 3]; null for convolutions.</param>
/// <param name="most">The filters to show at most.</param>
/// <example><code>new Filters(state, "conv1.w"); new Filters(state, "dense1.w", train.SampleShape);</code></example>
public sealed class Filters(ModelState state, string weights, Shape? image = null, int most = 64) : Section
{
    /// <inheritdoc/>
    public override string Title => $"Filters of {weights}";

    /// <summary>Shows the filters as they are now.</summary>
    /// <exception cref="ShapeException">The weights have another shape than the ones above.</exception>
    public override Markup Render(Page page)
    {
        var tensor = state[weights];
        var shape =
            image is { } s && Pictures.IsImage(s) ? s
            : tensor.Shape.Rank == 4 ? new Shape(tensor.Shape.Dims[..3])
            : default;
        int size = shape.Rank == 3 ? shape.Size : 0;
        int count = tensor.Shape.Rank > 0 ? tensor.Shape[tensor.Shape.Rank - 1].Value : 0;
        if (size == 0 || tensor.Size != (long)size * count)
            throw new ShapeException(
                $"filters: weights [size, size, channels, filters], or [pixels, units] with an image shape, are needed; got \"{weights}\" {tensor.Type}. Name a layer that reads images."
            );
        double[] values = tensor.ToDoubles();
        int channels = shape[2].Value;
        bool visible = channels is 1 or 3;
        var seen = visible ? shape : shape.With(2, 1);
        int shown = Math.Min(count, most);
        // all numbers to be shown, so that one scale serves them
        float[] all =
        [
            .. Enumerable
                .Range(0, shown)
                .SelectMany(f =>
                    Enumerable
                        .Range(0, seen.Size)
                        .Select(i =>
                            visible
                                ? (float)values[i * count + f]
                                : (float)Enumerable.Range(0, channels).Average(c => values[(i * channels + c) * count + f])
                        )
                ),
        ];
        byte[] bytes = Pictures.Stretch(all);
        var figures = Enumerable
            .Range(0, shown)
            .Select(f => Pictures.Figure(seen, bytes.AsSpan(f * seen.Size, seen.Size), $"filter {f}", default));
        string note =
            (shown < count ? $"{shown} of {count} filters" : $"{count} filters")
            + $" of {shape}"
            + (visible ? "." : ", by their mean over channels.");
        return Markup.Of($"<p class=\"note\">{note}</p><div class=\"pictures filters\">{figures}</div>");
    }
}
