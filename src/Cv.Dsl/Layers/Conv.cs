namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Applies a convolutional layer, filters slid over images plus a bias each: [N, H, W, channels] becomes [N, OH, OW, filters]. Its parameters are "conv1.w"
    /// [size, size, channels / groups, filters] and "conv1.b" [1, 1, 1, filters], then "conv2.w" and so on: a model or graph that it becomes part of
    /// gives the first number that is free there.
    /// </summary>
    /// <param name="x">The images, f32 or f64.</param>
    /// <param name="filters">The number of channels of the result, at least 1.</param>
    /// <param name="size">The height and width of a filter.</param>
    /// <param name="stride">The distance from one window to the next.</param>
    /// <param name="padding">The zeros around the images; none if not given.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <param name="groups">The parts that the channels are cut into: a filter sees those of its own part.</param>
    /// <param name="weights">Draws the first weights; <see cref="Initialiser.He"/> if none is given.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <param name="bias">Tells whether to add biases; batch normalisation right behind makes them idle.</param>
    /// <param name="name">The layer's name, instead of conv1, conv2, ...; layers of one name share their parameters.</param>
    /// <remarks>CS231n notes, "Convolutional Layer". OH = (H + padding - (size - 1) dilation - 1) / stride + 1, and it must come out even.</remarks>
    /// <example><code>Expr h = x.Conv(16, 5, padding: 2).Relu().MaxPool(2);   // f32[N,32,32,3] -> f32[N,16,16,16]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, or the numbers do not fit them.</exception>
    public static Expr Conv(
        this Expr x,
        int filters,
        int size,
        int stride = 1,
        Padding padding = default,
        int dilation = 1,
        int groups = 1,
        Initialiser? weights = null,
        Initialiser? biases = null,
        bool bias = true,
        string? name = null
    )
    {
        var (y, across) = padding.Windows("conv", x.Type, size, size, stride, dilation);
        return x.Conv(filters, y, across, groups, weights, biases, bias, name);
    }

    /// <summary>Applies a convolutional layer whose windows differ along height and width.</summary>
    /// <param name="images">The images, [N, H, W, channels], f32 or f64.</param>
    /// <param name="filters">The number of channels of the result, at least 1.</param>
    /// <param name="y">The windows along the height.</param>
    /// <param name="x">The windows along the width.</param>
    /// <param name="groups">The parts that the channels are cut into.</param>
    /// <param name="weights">Draws the first weights; <see cref="Initialiser.He"/> if none is given.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <param name="bias">Tells whether to add biases.</param>
    /// <param name="name">The layer's name, instead of conv1, conv2, ...</param>
    /// <example><code>Expr h = x.Conv(8, new Window(1), new Window(7, Low: 3, High: 3));   // along rows alone</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, or the windows do not fit them.</exception>
    public static Expr Conv(
        this Expr images,
        int filters,
        Window y,
        Window x,
        int groups = 1,
        Initialiser? weights = null,
        Initialiser? biases = null,
        bool bias = true,
        string? name = null
    )
    {
        const string op = "conv";
        var type = Elementwise.SameFloat(op, [images.Type]);
        Images.Check(op, "images", images.Type);
        int channels = images.Shape[3].Value;
        var layer = Identity.New(op, name);
        CheckLayer(op, images, layer, filters, groups, channels, y, x);
        var w = Expr.Parameter(layer, "w", [y.Size, x.Size, channels / groups, filters], weights ?? Initialiser.He, type);
        return WithBias(images.Conv2d(w, y, x, groups), layer, biases, bias);
    }

    /// <summary>Appends a convolutional layer: [N, H, W, channels] becomes [N, OH, OW, filters].</summary>
    /// <param name="model">The model so far.</param>
    /// <param name="filters">The number of channels of the result, at least 1.</param>
    /// <param name="size">The height and width of a filter.</param>
    /// <param name="stride">The distance from one window to the next.</param>
    /// <param name="padding">The zeros around the images; none if not given.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <param name="groups">The parts that the channels are cut into: a filter sees those of its own part.</param>
    /// <param name="weights">Draws the first weights; <see cref="Initialiser.He"/> if none is given.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <param name="bias">Tells whether to add biases.</param>
    /// <param name="name">The layer's name, instead of conv1, conv2, ...</param>
    /// <example><code>var model = Model.Input(28, 28, 1).Conv(8, 5, padding: 2).Relu().MaxPool(2).Flatten().Dense(10);</code></example>
    /// <exception cref="ShapeException">The model's output is no [N, H, W, C] of floats, or the numbers do not fit it.</exception>
    /// <exception cref="GraphException">The model already has a layer of the name.</exception>
    public static Model Conv(
        this Model model,
        int filters,
        int size,
        int stride = 1,
        Padding padding = default,
        int dilation = 1,
        int groups = 1,
        Initialiser? weights = null,
        Initialiser? biases = null,
        bool bias = true,
        string? name = null
    )
    {
        LayerNames.CheckFree("conv", model, name, ".Then(x => x.Conv(...))");
        return model.ThenVerb("conv", x => x.Conv(filters, size, stride, padding, dilation, groups, weights, biases, bias, name));
    }

    // before a parameter is made, whose own errors would speak of shapes that nobody wrote
    static void CheckLayer(string op, Expr images, Identity layer, int filters, int groups, int channels, Window y, Window x)
    {
        y.Check(op);
        x.Check(op);
        if (filters < 1)
            throw new ShapeException(
                $"{op}: \"{NameTable.NameBehind(images, layer)}\" must have at least one filter; got {filters}. Give the channels of the result."
            );
        Convolution.CheckGroups(op, groups, channels, filters);
    }

    static Expr WithBias(Expr y, Identity layer, Initialiser? biases, bool bias) =>
        bias ? y + Expr.Parameter(layer, "b", [1, 1, 1, y.Shape[3]], biases ?? Initialiser.Zeros, y.DType) : y;
}
