namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Changes brightness, contrast and saturation of each image by random parts in training; otherwise changes nothing. Shape and dtype unchanged: [N, H, W, C],
    /// where C is 3, red, green and blue, or 1.
    /// </summary>
    /// <param name="images">The images, f32 or f64, in a range of 1, such as 0 to 1; a mean may have been subtracted.</param>
    /// <param name="brightness">Adds to all pixels one number, drawn evenly from (-brightness, brightness).</param>
    /// <param name="contrast">Scales the differences from the image's mean grey by a factor, drawn evenly from (1 - contrast, 1 + contrast).</param>
    /// <param name="saturation">Scales the differences from each pixel's own grey by such a factor. Images of one channel have none.</param>
    /// <param name="name">Names the stream of random numbers; jitter1, jitter2, ... if none is given.</param>
    /// <remarks>
    /// Howard, "Some Improvements on Deep Convolutional Neural Network Based Image Classification" (2013), section 2. In this order, and with nothing clipped, so that it may
    /// follow a scaling. Grey is 0.299 red + 0.587 green + 0.114 blue. The numbers come from the name and the state "jitter1.step".
    /// </remarks>
    /// <example><code>var model = Model.Input(32, 32, 3).ColourJitter(0.1, 0.2, 0.2).Conv(16, 5, padding: 2).Relu();</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, C 1 or 3.</exception>
    /// <exception cref="GraphException">A part is negative or not finite, or that of contrast or saturation is above 1.</exception>
    public static Expr ColourJitter(
        this Expr images,
        double brightness = 0,
        double contrast = 0,
        double saturation = 0,
        string? name = null
    )
    {
        const string op = "colour_jitter";
        Draws.CheckColours(op, images);
        CheckPart("brightness", brightness, double.MaxValue);
        CheckPart("contrast", contrast, 1);
        CheckPart("saturation", saturation, 1);
        var layer = Identity.New("jitter", name);
        var jittered = images;
        if (brightness > 0)
            jittered += Spread("brightness") * brightness;
        if (contrast > 0)
            jittered = Scaled(jittered, jittered.Grey().Mean([1, 2], keepDims: true), 1 + Spread("contrast") * contrast);
        if (saturation > 0 && images.Shape[3].Value == 3)
            jittered = Scaled(jittered, jittered.Grey(), 1 + Spread("saturation") * saturation);
        return jittered == images ? images : Draws.InTraining(jittered, images, layer);

        // evenly from (-1, 1)
        Expr Spread(string what) => Draws.PerImage(images, layer, what) * 2.0 - 1.0;

        static Expr Scaled(Expr x, Expr from, Expr factor) => from + (x - from) * factor;

        static void CheckPart(string what, double part, double most)
        {
            if (!(part >= 0 && part <= most && double.IsFinite(part)))
                throw new GraphException(
                    $"{op}: the {what} must be a finite number, at least 0{(most == 1 ? " and at most 1" : "")}; got {part}. 0.2 is usual."
                );
        }
    }

    /// <inheritdoc cref="ColourJitter(Expr, double, double, double, string)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="brightness">Adds to all pixels one number, drawn evenly from (-brightness, brightness).</param>
    /// <param name="contrast">Scales the differences from the image's mean grey by a factor, drawn evenly from (1 - contrast, 1 + contrast).</param>
    /// <param name="saturation">Scales the differences from each pixel's own grey by such a factor.</param>
    /// <param name="name">Names the stream of random numbers; jitter1, jitter2, ... if none is given.</param>
    public static Model ColourJitter(
        this Model model,
        double brightness = 0,
        double contrast = 0,
        double saturation = 0,
        string? name = null
    ) => model.ThenVerb("jitter", x => x.ColourJitter(brightness, contrast, saturation, name));
}
