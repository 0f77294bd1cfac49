using System.Reflection;

namespace Cv.Testing;

/// <summary>Says how one kind of numbers calculates: reals that note their branches, dual numbers, complex numbers. Truth values are 0 and 1.</summary>
abstract class Algebra<T>
{
    public abstract T Of(double value);

    /// <summary>Gives the part that comparisons see.</summary>
    public abstract double Real(T x);

    public abstract T Add(T a, T b);

    public abstract T Subtract(T a, T b);

    public abstract T Multiply(T a, T b);

    public abstract T Divide(T a, T b);

    public abstract T Power(T a, T b);

    /// <summary>Applies a function that has no branches, of one argument.</summary>
    public abstract T Apply(MethodInfo function, T x);

    /// <summary>Hears of each decision that a rule takes on its way: which side of a comparison, which whole number.</summary>
    public virtual void Decide(double branch) { }

    public T Truth(bool value) => Of(value ? 1 : 0);

    public bool Holds(T x) => Real(x) != 0;
}
