using System.Collections.Immutable;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>
/// Shows the weights of a linear classifier as images, one template a class: what the class looks like to it (CS231n notes, "Interpretation of linear
/// classifiers as template matching"). Each is stretched from its smallest weight, black, to its largest, white.
/// </summary>
/// <param name="state">The parameters.</param>
/// <param name="weights">Names the weights, [pixels, classes], such as "dense1.w".</param>
/// <param name="image">The shape of one image, [height, width, 1 or 3].</param>
/// <param name="classNames">The classes' names, in order.</param>
/// <example><code>new WeightTemplates(state, "dense1.w", train.SampleShape, train.ClassNames)</code></example>
public sealed class WeightTemplates(ModelState state, string weights, Shape image, ImmutableArray<string> classNames) : Section
{
    /// <inheritdoc/>
    public override string Title => "Weight templates";

    /// <summary>Shows the templates as they are now.</summary>
    /// <exception cref="ShapeException">The weights are not f32 [pixels, classes], or the image is not [height, width, 1 or 3].</exception>
    public override Markup Render(Page page)
    {
        var tensor = state[weights];
        if (!Pictures.IsImage(image) || tensor.Shape.Rank != 2 || tensor.Shape[0].Value != image.Size)
            throw new ShapeException(
                $"templates: weights [pixels, classes] of images [height, width, 1 or 3] are needed; got \"{weights}\" {tensor.Type} and images {image}. Name the weights that read the pixels."
            );
        float[] values = [.. tensor.ToDoubles().Select(v => (float)v)];
        int classes = tensor.Shape[1].Value;
        var templates = Enumerable
            .Range(0, classes)
            .Select(c =>
            {
                string name = c < classNames.Length ? classNames[c] : $"class {c}";
                byte[] bytes = Pictures.Stretch([.. Enumerable.Range(0, image.Size).Select(i => values[i * classes + c])]);
                return Pictures.Figure(image, bytes, $"weights of {name}", Markup.Text(name));
            });
        return Markup.Of($"<div class=\"pictures templates\">{templates}</div>");
    }
}
