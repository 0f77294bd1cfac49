using System.Runtime.CompilerServices;

namespace Cv.Runtime;

/// <summary>Computes sines and cosines of large arguments lane by lane: compiled kernels call it for vectors that hold one, which is rare.</summary>
public static unsafe class FarAngles
{
    /// <summary>Replaces the lanes of <paramref name="near"/> whose argument's magnitude is above a bound by the argument's sine.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static TVector Sine<TVector, T>(TVector x, TVector near, double bound)
        where TVector : unmanaged
        where T : unmanaged
    {
        for (int i = 0; i < sizeof(TVector) / sizeof(T); i++)
        {
            double angle = Lane<T>(&x, i);
            if (Math.Abs(angle) > bound)
                SetLane<T>(&near, i, Math.Sin(angle));
        }
        return near;
    }

    /// <summary>Replaces the lanes of <paramref name="near"/> whose argument's magnitude is above a bound by the argument's cosine.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static TVector Cosine<TVector, T>(TVector x, TVector near, double bound)
        where TVector : unmanaged
        where T : unmanaged
    {
        for (int i = 0; i < sizeof(TVector) / sizeof(T); i++)
        {
            double angle = Lane<T>(&x, i);
            if (Math.Abs(angle) > bound)
                SetLane<T>(&near, i, Math.Cos(angle));
        }
        return near;
    }

    static double Lane<T>(void* vector, int i)
        where T : unmanaged => typeof(T) == typeof(float) ? ((float*)vector)[i] : ((double*)vector)[i];

    static void SetLane<T>(void* vector, int i, double value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            ((float*)vector)[i] = (float)value;
        else
            ((double*)vector)[i] = value;
    }
}
