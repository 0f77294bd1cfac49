namespace Cv.Testing;

/// <summary>Numbers that carry how they change beside what they are: a derivative without a step to choose.</summary>
abstract class Infinitesimals<T> : Algebra<T>
{
    /// <summary>Gives what the messages call them.</summary>
    public abstract string Name { get; }

    public abstract T Of(double value, double tangent);

    public abstract double Tangent(T x);

    public override T Of(double value) => Of(value, 0);
}
