namespace Cv.Dsl;

/// <summary>
/// Holds well-known nets as functions that build them, each with its source. They take the shape of one image, [height, width, channels], and the number of classes, and end
/// in scores [N, classes].
/// </summary>
/// <example><code>
/// var model = Models.ConvNetJs(train.SampleShape, classes: 10, augment: x => x.RandomFlip().RandomShift(4));
/// Console.WriteLine(model.Summary());
/// </code></example>
public static partial class Models
{
    /// <summary>Begins a net: the images, as a step augments them.</summary>
    static Model Begin(string name, Shape image, int classes, Func<Expr, Expr>? augment, bool rows = false)
    {
        if (!rows && (image.Rank != 3 || !image.IsKnown))
            throw new ShapeException(
                $"{name}: an image must be [height, width, channels], all known; got {image}. Give grey images one channel: [28, 28, 1]."
            );
        if (classes < 1)
            throw new GraphException($"{name}: there must be at least one class; got {classes}. Give the number of scores of an image.");
        var model = Model.Input(image, DType.F32);
        return augment is null ? model : model.Then("augment", augment);
    }

    /// <summary>Appends a convolution, with batch normalisation in the place of its biases if asked for.</summary>
    static Model Filters(this Model model, int filters, int size, Padding padding, bool batchNorm) =>
        batchNorm ? model.Conv(filters, size, padding: padding, bias: false).BatchNorm() : model.Conv(filters, size, padding: padding);

    static Model DropoutIf(this Model model, double rate) => rate == 0 ? model : model.Dropout(rate);
}
