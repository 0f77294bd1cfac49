using Cv.Dsl;

namespace Cv.Examples.Gates;

/// <summary>Shows which layers are one: those of a value that is applied twice, and no others.</summary>
static class Sharing
{
    /// <summary>Compares two rows by one encoder, and lets one model judge what another makes.</summary>
    public static (Expr Distance, Expr Judged) Of(Expr left, Expr right, Model generator, Model critic)
    {
        var encode = Layer.Of(x => x.Dense(64).Relu().Dense(16));
        Expr distance = (encode.Apply(left) - encode.Apply(right)).Pow(2).Sum([1]); // one encoder, two images
        Expr judged = critic.Named("critic").Apply(generator.Named("generator").Output); // critic/dense1, generator/dense1
        return (distance, judged);
    }
}
