namespace Cv.Testing;

/// <content>Encloses values that hold no argument, to tell their sign.</content>
sealed partial class Tower
{
    public int SignOfConstant(Form form)
    {
        var enclosure = Enclosed(form);
        return enclosure.IsPositive ? 1
            : enclosure.IsNegative ? -1
            : throw new NotProvedException("the sign of a constant that is nearly 0");
    }

    Enclosure Enclosed(Form form)
    {
        var sum = Enclosure.Zero;
        foreach (var (monomial, coefficient) in form.Terms.Values)
            sum += coefficient.Enclosed * Enclosed(monomial);
        return sum;
    }

    Enclosure Enclosed(Monomial monomial)
    {
        var product = Enclosure.One;
        foreach (var (generator, power) in monomial.Factors)
            for (int i = 0; i < Math.Abs(power); i++)
                product = power > 0 ? product * Enclosed(_generators[generator]) : product / Enclosed(_generators[generator]);
        return product;
    }

    Enclosure Enclosed(Generator g) =>
        g switch
        {
            { Kernel: Kernel.RootOfPi } => Elementary.RootOfPi,
            { Kernel: Kernel.Log, Of: [var a] } => Elementary.Log(Enclosed(a.Form).Abs()),
            { Kernel: Kernel.Root, Of: [var a] } => Elementary.Exp(Elementary.Log(Enclosed(a.Form)) / Enclosure.Of(Order(g))),
            { Kernel: Kernel.Inverse, Of: [var a] } => Enclosure.One / Enclosed(a.Form),
            { Kernel: Kernel.Exp, Name: var key } => Elementary.Exp(
                common["exp " + key].Enclosed * (key.Length == 0 ? Enclosure.One : Enclosed(Parsed(key)))
            ),
            { Kernel: Kernel.Opaque, Name: "erf", Of: [var a] } => Elementary.Erf(Enclosed(a.Form)),
            { Kernel: Kernel.Opaque, Name: "atan", Of: [var a] } => Elementary.Atan(Enclosed(a.Form)),
            _ => throw new NotProvedException("the sign of a constant that holds what no enclosure is known of"),
        };
}
