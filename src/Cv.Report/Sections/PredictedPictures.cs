using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>
/// Shows pictures that were classified wrongly, the surest mistakes first, and pictures that were classified rightly, the least sure first: those that
/// tell most of what a classifier has not learnt.
/// </summary>
/// <example><code>new PredictedPictures(program.Predict, state, new Batches(test, 500, scaling), test)</code></example>
public sealed class PredictedPictures : Section
{
    readonly Func<Predictions> _predictions;
    readonly Dataset _images;
    readonly int _most;

    /// <summary>Shows the pictures of what a classifier said.</summary>
    /// <param name="predictions">What was said of each image of the set, in its order.</param>
    /// <param name="images">The set: images [height, width, 1 or 3] as bytes.</param>
    /// <param name="most">The pictures of each kind to show at most.</param>
    public PredictedPictures(Predictions predictions, Dataset images, int most = 24)
        : this(() => predictions, images, most) { }

    /// <summary>Shows the pictures of what a function of scores says whenever the section is rendered.</summary>
    /// <param name="predict">From a batch to scores [N, classes]: <c>program.Predict</c>.</param>
    /// <param name="state">The parameters.</param>
    /// <param name="data">The images as the model takes them, scaled as for training and in the set's order.</param>
    /// <param name="images">The same images as bytes.</param>
    /// <param name="most">The pictures of each kind to show at most.</param>
    public PredictedPictures(IFunction predict, ModelState state, Batches data, Dataset images, int most = 24)
        : this(() => Predictions.Of(predict, state, data), images, most) { }

    PredictedPictures(Func<Predictions> predictions, Dataset images, int most)
    {
        ArgumentNullException.ThrowIfNull(images);
        (_predictions, _images, _most) = (predictions, images, most);
    }

    /// <inheritdoc/>
    public override string Title => "Right and wrong";

    /// <summary>Shows the pictures.</summary>
    /// <exception cref="ShapeException">The images are not [height, width, 1 or 3], or are not as many as the predictions.</exception>
    public override Markup Render(Page page)
    {
        var said = _predictions();
        if (!Pictures.IsImage(_images.SampleShape) || said.Count != _images.Count)
            throw new ShapeException(
                $"pictures: one image [height, width, 1 or 3] is needed for each prediction; got {_images} for {said.Count} predictions. Give the set that was predicted."
            );
        var every = Enumerable.Range(0, said.Count).ToArray();
        var wrong = every.Where(i => said.Predicted[i] != said.Labels[i]).OrderByDescending(i => said.Confidence[i]).ToArray();
        var right = every.Where(i => said.Predicted[i] == said.Labels[i]).OrderBy(i => said.Confidence[i]).ToArray();
        return Markup.Of(
            $"""
            <h3>Wrong, the surest first: {wrong.Length} of {said.Count}</h3><div class="pictures">{wrong.Take(_most).Select(i =>
                Picture(said, i)
            )}</div>
            <h3>Right, the least sure first: {right.Length} of {said.Count}</h3><div class="pictures">{right.Take(_most).Select(i =>
                Picture(said, i)
            )}</div>
            """
        );
    }

    Markup Picture(Predictions said, int index)
    {
        string predicted = said.NameOf(said.Predicted[index]);
        string label = said.NameOf(said.Labels[index]);
        bool right = said.Predicted[index] == said.Labels[index];
        var confidence = Markup.Of($"{100 * said.Confidence[index]:0}&nbsp;%");
        return Pictures.Figure(
            _images.SampleShape,
            _images.Image(index),
            $"image {index}, {label}",
            right
                ? Markup.Of($"<span class=\"right\">{label}</span> {confidence}")
                : Markup.Of($"<span class=\"wrong\">{predicted}</span> {confidence}<br>is {label}")
        );
    }
}
