namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Normalises each group of channels of each example by itself: (x - mean) / sqrt(variance + epsilon) over the group's channels and all places, times a factor, plus a
    /// summand, both trained for each channel. Shape and dtype unchanged: [N, ..., C].
    /// </summary>
    /// <param name="x">The examples, f32 or f64; images are [N, H, W, C].</param>
    /// <param name="groups">The number of groups, which divides the channels: 1 takes all together, as many as channels each alone (instance normalisation).</param>
    /// <param name="name">The layer's name: its parameters are "name.scale" and "name.shift", [1, ..., 1, C]. groupnorm1, groupnorm2, ... if none is given.</param>
    /// <param name="epsilon">Keeps the divisor away from 0.</param>
    /// <remarks>Wu and He, "Group Normalization" (2018), who take 32 groups. The same in training and after it, and for any batch. The parameters have no penalty.</remarks>
    /// <example><code>Expr h = x.Conv(64, 3, padding: 1).GroupNorm(8).Relu();</code></example>
    /// <exception cref="ShapeException">The operand is not f32 or f64 of two dims or more, all known but the first, or the groups do not divide the channels.</exception>
    /// <exception cref="GraphException">Epsilon is not a finite number above 0.</exception>
    public static Expr GroupNorm(this Expr x, int groups, string? name = null, double epsilon = 1e-5)
    {
        const string op = "group_norm";
        var layer = Identity.New("groupnorm", name);
        Normalisation.Check(op, layer, x, epsilon);
        var shape = x.Shape;
        if (!new Shape(shape.Dims[1..]).IsKnown)
            throw new ShapeException(
                $"{op}: \"{NameTable.NameBehind(x, layer)}\" needs all dims but the first known; got {x.Type}. Give them numbers."
            );
        int channels = shape.Dims[^1].Value;
        if (groups < 1 || channels % groups != 0)
            throw new ShapeException(
                $"{op}: the groups of \"{NameTable.NameBehind(x, layer)}\" must divide the channels; got {groups} for {x.Type}. Take a divisor of {channels}."
            );
        int places = new Shape(shape.Dims[1..^1]).Size;
        var (scale, shift) = Normalisation.Parameters(x, layer);
        var grouped = x.Reshape(new Shape(shape[0], places, groups, channels / groups));
        Expr mean = grouped.Mean([1, 3], keepDims: true),
            variance = grouped.Variance([1, 3], keepDims: true);
        return ((grouped - mean) * (1.0 / (variance + epsilon).Sqrt())).Reshape(shape) * scale + shift;
    }

    /// <inheritdoc cref="GroupNorm(Expr, int, string, double)"/>
    /// <param name="model">The model so far.</param>
    /// <param name="groups">The number of groups, which divides the channels.</param>
    /// <param name="name">The layer's name; groupnorm1, groupnorm2, ... if none is given.</param>
    /// <param name="epsilon">Keeps the divisor away from 0.</param>
    /// <exception cref="GraphException">The model already has a layer of the name.</exception>
    /// <example><code>var model = Model.Input(32, 32, 3).Conv(16, 3, padding: 1).GroupNorm(4).Relu().Flatten().Dense(10);</code></example>
    public static Model GroupNorm(this Model model, int groups, string? name = null, double epsilon = 1e-5)
    {
        LayerNames.CheckFree("group_norm", model, name, ".Then(x => x.GroupNorm(...))", "scale");
        return model.ThenVerb("groupnorm", x => x.GroupNorm(groups, name, epsilon));
    }
}
